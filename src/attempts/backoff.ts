import type { Ms, Random } from '../core/clock.ts'

const INITIAL_MS: Ms = 500
const MAX_MS: Ms = 8_000

/** The longest wait that an upstream's Retry-After can ask for. */
export const MAX_RETRY_AFTER_MS: Ms = 300_000

export interface BackoffInput {
  /** How many times the same deployment has been tried before; 1 for the first repetition. */
  readonly round: number
  /** No wait is shorter. */
  readonly minimumMs: Ms
  /** What the upstream asked for. */
  readonly retryAfterMs: Ms | undefined
}

/**
 * How long to wait before a deployment is tried again: exponential with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), from 0.5 s to 8 s; what the upstream asked
 * for, and a little jitter so that clients do not come back together, when it asked.
 */
export function backoff({ round, minimumMs, retryAfterMs }: BackoffInput, random: Random): Ms {
  if (retryAfterMs !== undefined && retryAfterMs > 0) {
    const asked = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)
    return Math.max(asked, minimumMs) + random() * Math.min(asked * 0.1, 1_000)
  }
  const ceiling = Math.min(INITIAL_MS * 2 ** (round - 1), MAX_MS)
  return Math.max(random() * ceiling, minimumMs)
}
