import type { RateLimit } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import type { Refused } from '../state/limiter.ts'

/** LiteLLM's words for what there was not enough of (`rate_limit_type`). */
const CODES = { requests: 'requests', tokens: 'tokens', parallel: 'max_parallel_requests' } as const

/** The refusal as the client is told it: whose limit, which, and what to do. */
export function limitFailure({ limit, what, retryAfterMs }: Refused, tokens: number): Failure {
  const never = retryAfterMs === Number.POSITIVE_INFINITY
  const bound = `rate limit of ${ownerOf(limit)} reached: ${boundOf(limit, what, tokens)}`
  const advice = never ? neverAdvice(limit, what) : laterAdvice(what, retryAfterMs)
  return new Failure('limited', `${bound}; ${advice}`, {
    code: CODES[what],
    ...(!never && { retryAfterMs }),
  })
}

function boundOf({ rpm, tpm, parallel }: RateLimit, what: Refused['what'], tokens: number): string {
  if (what === 'requests') return `${rpm} requests per minute`
  if (what === 'tokens') return `${tpm} tokens per minute, and this call is likely to use ${Math.ceil(tokens)}`
  return `${parallel} calls at once`
}

function laterAdvice(what: Refused['what'], retryAfterMs: number | undefined): string {
  if (retryAfterMs === undefined) return 'try again when one of them has ended'
  const wait = `try again in ${Math.max(Math.ceil(retryAfterMs / 1_000), 1)} s`
  return what === 'tokens' ? `${wait}, or ask for fewer tokens (max_tokens)` : wait
}

function neverAdvice({ rpm, tpm, parallel }: RateLimit, what: Refused['what']): string {
  const limit = { requests: rpm, tokens: tpm, parallel }[what]
  if (limit === 0) return 'it lets nothing through; ask whoever set it'
  return what === 'tokens' ? 'it can never pass; shorten the prompt' : 'it can never pass; ask whoever set the limit'
}

/** A key is named by its alias alone: its id is of no use to whoever has it. */
function ownerOf({ level, subject, name, pool }: RateLimit): string {
  const forPool = pool === undefined ? '' : ` for model '${shown(pool)}'`
  if (level === 'gateway') return pool === undefined ? 'the gateway' : `model '${shown(pool)}'`
  if (level === 'key' || level === 'model_per_key')
    return `${name === undefined ? 'this key' : `key '${shown(name)}'`}${forPool}`
  return `${LEVELS[level]} '${shown(name ?? subject)}'${forPool}`
}

const LEVELS: Readonly<Record<Exclude<RateLimit['level'], 'gateway' | 'key' | 'model_per_key'>, string>> = {
  user: 'user',
  team: 'team',
  team_member: 'team member',
  organization: 'organization',
  end_user: 'end user',
  tag: 'tag',
  model_per_team: 'team',
}

/** Subjects may come from clients. */
function shown(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`
}
