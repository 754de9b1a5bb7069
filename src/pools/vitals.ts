import type { Ms } from '../core/clock.ts'

/** What is known of a deployment's state now, in this process. */
export interface Vitals {
  /** Attempts that have begun and not ended; a stream counts until its last byte. */
  readonly inFlight: number
  /** Monotonic time until which it takes no calls; 0 when it does. */
  readonly restingUntil: Ms
  /** Median of the recent samples, penalties for failures included; undefined before the first. Whole answers. */
  p50(now: Ms): Ms | undefined
  /** The same for the time to the first token of streams. */
  firstTokenP50(now: Ms): Ms | undefined
  /** Requests begun in the current minute. */
  requestsThisMinute(now: Ms): number
  /** Tokens of the current minute: reserved by estimate, corrected by usage. */
  tokensThisMinute(now: Ms): number
}
