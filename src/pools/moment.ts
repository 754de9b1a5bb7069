import type { Ms } from '../core/clock.ts'

/** Now, by both clocks. A choice reads them once. */
export interface Moment {
  /** Milliseconds that only go forward: for rests and samples. */
  readonly monotonic: Ms
  /** Milliseconds since 1970: for the UTC minute. */
  readonly epoch: Ms
}

export const MINUTE_MS: Ms = 60_000

/** Milliseconds until the next UTC minute begins, when all counts of this minute are gone. */
export function untilNextMinute(epoch: Ms): Ms {
  return MINUTE_MS - (((epoch % MINUTE_MS) + MINUTE_MS) % MINUTE_MS)
}

/** `850 ms`, `12 s`, `4 min`: for lines that people read; rounded up, so that nobody comes too early. */
export function showMs(ms: Ms): string {
  if (ms < 1000) return `${Math.ceil(ms)} ms`
  return ms < 120_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / MINUTE_MS)} min`
}
