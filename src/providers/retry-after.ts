import type { Ms } from '../core/clock.ts'

/** A longer Retry-After is cut to this. */
const MAX_MS: Ms = 300_000

type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * How long an upstream asks to be left alone: `retry-after-ms`, or `Retry-After` as seconds or HTTP date (RFC 9110,
 * 10.2.3). 0, negative values and nonsense count as absent.
 */
export function retryAfterMs(headers: Headers, now: () => Ms): Ms | undefined {
  return (
    positive(Number(one(headers['retry-after-ms']) ?? Number.NaN)) ?? fromRetryAfter(one(headers['retry-after']), now)
  )
}

function fromRetryAfter(value: string | undefined, now: () => Ms): Ms | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  if (/^\d+(\.\d+)?$/.test(text)) return positive(Number(text) * 1000)
  const date = Date.parse(text)
  return /[a-z]/i.test(text) ? positive(date - now()) : undefined
}

function positive(ms: number): Ms | undefined {
  return ms > 0 && Number.isFinite(ms) ? Math.min(ms, MAX_MS) : undefined
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
