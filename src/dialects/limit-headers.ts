import type { LimitLevel } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'

const KINDS = ['requests', 'tokens', 'max_parallel_requests'] as const
type Kind = (typeof KINDS)[number]

/** What is left of one kind of thing. */
interface Left {
  readonly limit: number
  readonly remaining: number
  readonly resetMs: Ms | undefined
}

/** Where the least is left of each kind. */
type Tightest = { [Of in Kind]?: Left }

/**
 * What is left of the caller's limits: OpenAI's names for the tightest of all, LiteLLM's for the tightest of each level.
 * Name, value, name, value, ...
 */
export function limitHeaders(standings: readonly Standing[]): string[] {
  const overall: Tightest = {}
  const byLevel = new Map<LimitLevel, Tightest>()
  for (const standing of standings) {
    const { level } = standing.limit
    const own = byLevel.get(level) ?? {}
    byLevel.set(level, own)
    for (const kind of KINDS) {
      const left = leftOf(standing, kind)
      if (!left) continue
      if (isTighter(left, overall[kind])) overall[kind] = left
      if (isTighter(left, own[kind])) own[kind] = left
    }
  }
  const headers: string[] = []
  pushOverall(headers, overall)
  for (const [level, tightest] of byLevel) push(headers, tightest, namesOf(level))
  return headers
}

/** OpenAI has no name for places, and tells when a limit is whole again. */
function pushOverall(headers: string[], { requests, tokens }: Tightest): void {
  if (requests) pushLeft(headers, requests, OVERALL.requests)
  if (tokens) pushLeft(headers, tokens, OVERALL.tokens)
  if (requests?.resetMs !== undefined) headers.push('x-ratelimit-reset-requests', durationText(requests.resetMs))
  if (tokens?.resetMs !== undefined) headers.push('x-ratelimit-reset-tokens', durationText(tokens.resetMs))
}

function push(headers: string[], tightest: Tightest, names: Names): void {
  for (const kind of KINDS) {
    const left = tightest[kind]
    if (left) pushLeft(headers, left, names[kind])
  }
}

function pushLeft(headers: string[], left: Left, { limit, remaining }: Names[Kind]): void {
  headers.push(limit, String(left.limit), remaining, String(left.remaining))
}

function leftOf(standing: Standing, kind: Kind): Left | undefined {
  const { limit } = standing
  if (kind === 'requests') return left(limit.rpm, standing.remainingRequests, standing.resetRequestsMs)
  if (kind === 'tokens') return left(limit.tpm, standing.remainingTokens, standing.resetTokensMs)
  return left(limit.parallel, standing.remainingParallel, undefined)
}

function left(limit: number | undefined, remaining: number | undefined, resetMs: Ms | undefined): Left | undefined {
  return limit === undefined || remaining === undefined ? undefined : { limit, remaining, resetMs }
}

function isTighter(left: Left, than: Left | undefined): boolean {
  return than === undefined || left.remaining < than.remaining
}

type Names = Readonly<Record<Kind, { readonly limit: string; readonly remaining: string }>>

const OVERALL = named('x-ratelimit')
const byLevel = new Map<LimitLevel, Names>()

/** Made once: Node looks at each character of a name that is put together anew. LiteLLM calls the key's level `api_key`. */
function namesOf(level: LimitLevel): Names {
  const known = byLevel.get(level)
  if (known) return known
  const names = named(`x-ratelimit-${level === 'key' ? 'api_key' : level}`)
  byLevel.set(level, names)
  return names
}

function named(prefix: string): Names {
  const of = (kind: Kind) => ({ limit: `${prefix}-limit-${kind}`, remaining: `${prefix}-remaining-${kind}` })
  return { requests: of('requests'), tokens: of('tokens'), max_parallel_requests: of('max_parallel_requests') }
}

/** A duration as OpenAI writes it: `120ms`, `8.64s`, `6m0s`. */
function durationText(ms: Ms): string {
  const whole = Math.ceil(ms)
  if (whole < 1_000) return `${whole}ms`
  const minutes = Math.floor(whole / 60_000)
  const seconds = (whole - minutes * 60_000) / 1_000
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`
}
