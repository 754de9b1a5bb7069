import type { Ms } from '../core/clock.ts'
import { Failure, type FailureKind } from '../core/failure.ts'
import type { Exclusion, Question, Why } from './filters/filter.ts'
import { TAGS_REFUSED } from './filters/tags.ts'
import { untilNextMinute } from './moment.ts'
import type { Candidate } from './strategy.ts'

/** The replicas have told each other by then, and this one has had its turn if they are a few. */
const SHARE_WAIT_MS: Ms = 1_000

interface Shortage {
  readonly kind: FailureKind
  readonly code?: string
  readonly param?: string
  message(pool: string, question: Question): string
}

/**
 * What it means to have nobody, by the reason that kept deployments out. The first one found in this order decides: what
 * passes with time comes before what the caller would have to change, as LiteLLM has it.
 */
const shortages: Readonly<Partial<Record<Why, Shortage>>> = {
  share: {
    kind: 'limited',
    message: pool =>
      `No deployments available for selected model, ${tryAgain(SHARE_WAIT_MS)}. Passed model=${pool}. What is left of their limits is being shared out among the replicas of this gateway.`,
  },
  'rate-limits': {
    kind: 'limited',
    message: (pool, { epoch }) =>
      `No deployments available for selected model, ${tryAgain(untilNextMinute(epoch))}. Passed model=${pool}. The requests or tokens of this minute are used up.`,
  },
  full: {
    kind: 'limited',
    message: pool =>
      `No deployments available for selected model. Passed model=${pool}. Each has as many calls in flight as it may (max_parallel_requests).`,
  },
  'too-large': {
    kind: 'limited',
    message: pool =>
      `No deployment of ${pool} takes as many tokens in a minute as this prompt has; it can never pass. Shorten it.`,
  },
  context: {
    kind: 'context_too_long',
    code: 'context_length_exceeded',
    param: 'messages',
    message: (pool, { inputTokens }) =>
      `The prompt has at least ${inputTokens.low} tokens, more than the context window of any deployment of ${pool}. Shorten it or choose another model.`,
  },
  tags: {
    kind: 'forbidden',
    message: (pool, { call }) =>
      `${TAGS_REFUSED}. Passed model=${pool} and tags=${JSON.stringify(call.options.tags ?? [])}`,
  },
  region: {
    kind: 'invalid_request',
    param: 'allowed_model_region',
    message: (pool, { call }) => `No deployment of ${pool} is in the allowed region ${call.options.allowedRegion}.`,
  },
  'response-format': {
    kind: 'invalid_request',
    param: 'response_format',
    message: pool => `No deployment of ${pool} takes this response_format. Set drop_params to leave it out.`,
  },
  tried: {
    kind: 'unavailable',
    message: pool => `No deployments available for selected model. Passed model=${pool}. Each one was tried.`,
  },
  closed: {
    kind: 'limited',
    message: pool =>
      `No deployments available for selected model. Passed model=${pool}. A limit of 0 (rpm, tpm or max_parallel_requests) lets nothing through; ask whoever set it.`,
  },
}

const NONE: Shortage = {
  kind: 'unavailable',
  message: pool => `No deployments available for selected model. Passed model=${pool}.`,
}

/** What kept deployments out. One that takes the call never, for the reason that `hindrance` gives, is not out for a while. */
export function reasonsOf(
  exclusions: ReadonlyMap<Candidate, Exclusion>,
  hindrance: (one: Candidate) => Why | undefined,
): ReadonlySet<Why> {
  const reasons = new Set<Why>()
  for (const [one, { why }] of exclusions) reasons.add((isPassing(why) && hindrance(one)) || why)
  return reasons
}

/** It ends when a call does, or the minute. */
export function isPassing(why: Why): boolean {
  return why === 'full' || why === 'rate-limits' || why === 'share'
}

/** The failure for a call that nobody can take, by the reasons that kept deployments out. */
export function nobodyFailure(reasons: ReadonlySet<Why>, question: Question, pool: string): Failure {
  const [, shortage = NONE] = Object.entries(shortages).find(([why]) => reasons.has(why as Why)) ?? []
  return new Failure(shortage.kind, shortage.message(pool, question), {
    code: shortage.code,
    param: shortage.param,
    retryAfterMs: retryAfter(reasons, question),
  })
}

function retryAfter(reasons: ReadonlySet<Why>, { epoch }: Question): Ms | undefined {
  if (reasons.has('share')) return SHARE_WAIT_MS
  return reasons.has('rate-limits') ? untilNextMinute(epoch) : undefined
}

/** The failure for a call whose candidates are all resting, `soonest` the shortest. A 429 where that is the reason. */
export function nobodyBut({ vitals }: Candidate, waitMs: Ms, pool: string): Failure {
  const because = vitals.restingBecause
  const isLimited = because === undefined || because.kind === 'rate_limited'
  return new Failure(
    isLimited ? 'limited' : 'unavailable',
    `No deployments available for selected model, ${tryAgain(waitMs)}. Passed model=${pool}. All are resting after failures.`,
    { retryAfterMs: waitMs, cause: because },
  )
}

function tryAgain(ms: Ms): string {
  return `Try again in ${Math.max(1, Math.ceil(ms / 1000))} seconds`
}
