import type { LimitLevel, RateLimit } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'

/** What is left of one kind of thing. */
interface Left {
  readonly kind: 'requests' | 'tokens' | 'max_parallel_requests'
  readonly limit: number
  readonly remaining: number
  readonly resetMs: Ms | undefined
}

/**
 * What is left of the caller's limits: OpenAI's names for the tightest of all, LiteLLM's for the tightest of each level.
 * Name, value, name, value, ...
 */
export function limitHeaders(standings: readonly Standing[]): string[] {
  const headers: string[] = []
  const tightest = new Map<string, Left>()
  const byLevel = new Map<string, { readonly level: string; readonly left: Left }>()
  for (const standing of standings) {
    const level = levelName(standing.limit.level)
    for (const left of leftOf(standing)) {
      if (isTighter(left, tightest.get(left.kind))) tightest.set(left.kind, left)
      const key = `${level}-${left.kind}`
      if (isTighter(left, byLevel.get(key)?.left)) byLevel.set(key, { level, left })
    }
  }
  for (const left of tightest.values()) {
    if (left.kind === 'max_parallel_requests') continue
    push(headers, 'x-ratelimit', left)
    if (left.resetMs !== undefined) headers.push(`x-ratelimit-reset-${left.kind}`, durationText(left.resetMs))
  }
  for (const { level, left } of byLevel.values()) push(headers, `x-ratelimit-${level}`, left)
  return headers
}

function push(headers: string[], prefix: string, { kind, limit, remaining }: Left): void {
  headers.push(`${prefix}-limit-${kind}`, String(limit), `${prefix}-remaining-${kind}`, String(remaining))
}

function leftOf({ limit, ...left }: Standing): readonly Left[] {
  const all: Left[] = []
  const add = (kind: Left['kind'], most: RateLimit['rpm'], remaining: number | undefined, resetMs?: Ms) => {
    if (most !== undefined && remaining !== undefined) all.push({ kind, limit: most, remaining, resetMs })
  }
  add('requests', limit.rpm, left.remainingRequests, left.resetRequestsMs)
  add('tokens', limit.tpm, left.remainingTokens, left.resetTokensMs)
  add('max_parallel_requests', limit.parallel, left.remainingParallel)
  return all
}

function isTighter(left: Left, than: Left | undefined): boolean {
  return than === undefined || left.remaining < than.remaining
}

/** LiteLLM calls the key's level `api_key`. */
function levelName(level: LimitLevel): string {
  return level === 'key' ? 'api_key' : level
}

/** A duration as OpenAI writes it: `120ms`, `8.64s`, `6m0s`. */
function durationText(ms: Ms): string {
  const whole = Math.ceil(ms)
  if (whole < 1_000) return `${whole}ms`
  const minutes = Math.floor(whole / 60_000)
  const seconds = (whole - minutes * 60_000) / 1_000
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`
}
