import type { Ms } from '../core/clock.ts'
import type { Failure } from '../core/failure.ts'
import type { Changes } from './changes.ts'
import type { SharedUse } from './shared-use.ts'

/**
 * What is known of a deployment's state now, with what other replicas have told of it. Arguments called `now` are monotonic milliseconds; those
 * called `epoch` are milliseconds since 1970, because a minute of the providers is a minute of UTC.
 */
export interface Vitals {
  /** Attempts that have begun and not ended; a stream counts until its last byte. */
  readonly inFlight: number
  /** The most that may be in flight at once; Infinity when nobody set a limit. */
  readonly maxInFlight: number
  /** Monotonic time until which it takes no calls, for its failures; 0 when it never rested. */
  readonly restingUntil: Ms
  /** The failure that made it rest, kept after the rest for admins. */
  readonly restingBecause: Failure | undefined
  /** Monotonic time until which the upstream itself asked us to stay away (`Retry-After`); 0 when it did not. */
  readonly heldOutUntil: Ms
  /** Monotonic time until which its failed probe counts; 0 when it did not fail, or does not steer. */
  readonly unwellUntil: Ms
  /** What the probe failed with. */
  readonly unwellBecause: Failure | undefined
  /** Where it is noted that any of these figures has changed: its own, and those of others of its pool. */
  readonly changes: Changes
  /** This replica's part in what is left of the limits; undefined where there is one replica only. */
  readonly shared?: SharedUse | undefined
  /** Median of the recent samples, penalties for failures included; undefined before the first. Whole answers. */
  p50(now: Ms): Ms | undefined
  /** The same for the time to the first token of streams. */
  firstTokenP50(now: Ms): Ms | undefined
  /** Requests begun in the current minute. */
  requestsThisMinute(epoch: Ms): number
  /** Tokens of the current minute, input and output: reserved by estimate, corrected by usage. */
  tokensThisMinute(epoch: Ms): number
  /** The input tokens among them. */
  inputTokensThisMinute(epoch: Ms): number
  /** The output tokens among them. */
  outputTokensThisMinute(epoch: Ms): number
}
