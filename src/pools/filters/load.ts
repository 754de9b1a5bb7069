import type { Call } from '../../core/call.ts'
import type { Ms } from '../../core/clock.ts'
import { type Moment, showMs, untilNextMinute } from '../moment.ts'
import { isUsedUp, lacksPlace, lacksRequest } from '../room.ts'
import type { Candidate } from '../strategy.ts'
import type { CallFilter, Filter, Question, Why } from './filter.ts'

/** As many attempts in flight as it may have. */
export const full: Filter<Moment> = {
  why: 'full',
  excludes: ({ vitals }) => vitals.inFlight >= vitals.maxInFlight,
  explain: ({ vitals }) => `full: ${vitals.inFlight} of ${vitals.maxInFlight} in flight`,
}

/** The requests or the tokens of this minute are used up for every call. */
export const usedUp: Filter<Moment> = {
  why: 'rate-limits',
  excludes: ({ deployment, vitals }, { epoch }) => isUsedUp(deployment, vitals, epoch),
  explain(candidate, { epoch }) {
    if (isClosed(candidate)) return 'its limit of 0 per minute lets nothing through'
    const { deployment, vitals } = candidate
    const { rpm } = deployment.selection
    const requests = vitals.requestsThisMinute(epoch)
    const what =
      rpm !== undefined && requests >= rpm
        ? `${requests} of ${rpm} requests`
        : `${vitals.tokensThisMinute(epoch)} tokens, all of them,`
    return `${what} used this minute, ${showMs(untilNextMinute(epoch))} to go`
  },
}

const OTHERS_MAY_TAKE = 'what is left may be taken by other replicas at this moment'

/** Among several replicas: the last places in flight are shared out. */
export const placeElsewhere: Filter<Moment> = {
  why: 'share',
  excludes: ({ vitals }, { epoch }) => lacksPlace(vitals, epoch),
  explain: ({ vitals }) => `${vitals.inFlight} of ${vitals.maxInFlight} in flight, and ${OTHERS_MAY_TAKE}`,
}

/** Among several replicas: the last requests of the minute are shared out. */
export const requestElsewhere: Filter<Moment> = {
  why: 'share',
  excludes: ({ deployment, vitals }, { epoch }) => lacksRequest(deployment, vitals, epoch),
  explain: ({ deployment, vitals }, { epoch }) =>
    `${vitals.requestsThisMinute(epoch)} of ${deployment.selection.rpm} requests used this minute, and ${OTHERS_MAY_TAKE}`,
}

/** The tokens that are left of this minute are too few for this call. */
export const tooFewTokens: CallFilter = {
  why: 'rate-limits',
  concerns: () => true,
  excludes: (candidate, question) => shortOf(candidate, question) !== undefined,
  explain: (candidate, question) => shortOf(candidate, question) ?? '',
}

/**
 * Why no waiting helps, if so: a limit of 0 lets nothing through, or the call does not fit the limits of a minute in which
 * nothing else is asked.
 */
export function hindrance(candidate: Candidate, question: Question, enforcesLimits: boolean): Why | undefined {
  if (candidate.vitals.maxInFlight === 0) return 'closed'
  if (!enforcesLimits) return undefined
  if (isClosed(candidate)) return 'closed'
  return fitsAlone(candidate, question) ? undefined : 'too-large'
}

function isClosed({ deployment: { selection } }: Candidate): boolean {
  const { rpm, tpm, inputTpm, outputTpm } = selection
  return rpm === 0 || tpm === 0 || inputTpm === 0 || outputTpm === 0
}

function fitsAlone(candidate: Candidate, { call }: Question): boolean {
  const { tpm, inputTpm } = candidate.deployment.selection
  const least = Math.min(tpm ?? Number.POSITIVE_INFINITY, inputTpm ?? Number.POSITIVE_INFINITY)
  return least === Number.POSITIVE_INFINITY || candidate.estimate(call).inputTokens <= least
}

/** Among several replicas: the last tokens of the minute are shared out. */
export const tokensElsewhere: CallFilter = {
  why: 'share',
  concerns: () => true,
  excludes: (candidate, question) => candidate.vitals.shared !== undefined && lacksTokens(candidate, question),
  explain: ({ vitals }, { epoch }) =>
    `${vitals.tokensThisMinute(epoch)} tokens used this minute, and ${OTHERS_MAY_TAKE}`,
}

function lacksTokens(candidate: Candidate, { call, epoch }: Question): boolean {
  const { shared } = candidate.vitals
  return tokenLimits(candidate, call, epoch).some(
    ({ what, limit, used, needed }) =>
      limit !== undefined && !shared?.isWithinShare(what, { left: limit - used, needed, epoch }),
  )
}

/** Which of the limits the call would pass, in words. */
function shortOf(candidate: Candidate, { call, epoch }: Question): string | undefined {
  const { tpm, inputTpm, outputTpm } = candidate.deployment.selection
  if ((tpm ?? inputTpm ?? outputTpm) === undefined) return undefined
  for (const { what, limit, used, needed } of tokenLimits(candidate, call, epoch)) {
    if (limit !== undefined && used + needed > limit)
      return `${used} of ${limit} ${UNITS[what]} used this minute, ${needed} more needed`
  }
  return undefined
}

const UNITS = { tokens: 'tokens', inputTokens: 'input tokens', outputTokens: 'output tokens' } as const

interface TokenLimit {
  readonly what: keyof typeof UNITS
  readonly limit: number | undefined
  readonly used: number
  readonly needed: number
}

/**
 * What is asked for at most is often far more than what comes. So output beyond a limit does not make a call impossible:
 * then it needs the whole limit. A prompt beyond it does.
 */
function tokenLimits(candidate: Candidate, call: Call, epoch: Ms): readonly TokenLimit[] {
  const { vitals } = candidate
  const { tpm, inputTpm, outputTpm } = candidate.deployment.selection
  const { inputTokens, outputTokens } = candidate.estimate(call)
  const tokens = Math.max(Math.min(inputTokens + outputTokens, tpm ?? Number.POSITIVE_INFINITY), inputTokens)
  const output = Math.min(outputTokens, outputTpm ?? Number.POSITIVE_INFINITY)
  const inputUsed = vitals.inputTokensThisMinute(epoch)
  const outputUsed = vitals.outputTokensThisMinute(epoch)
  return [
    { what: 'tokens', limit: tpm, used: vitals.tokensThisMinute(epoch), needed: tokens },
    { what: 'inputTokens', limit: inputTpm, used: inputUsed, needed: inputTokens },
    { what: 'outputTokens', limit: outputTpm, used: outputUsed, needed: output },
  ]
}
