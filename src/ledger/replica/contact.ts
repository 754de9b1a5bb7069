import type { Ms } from '../../core/clock.ts'

/** While no pulse has been answered for so long, nothing is held: a key may have been revoked meanwhile. */
const FRESH_MS: Ms = 1_000
/** After a failure nobody asks again for so long. */
const BREAK_MS: Ms = 200

/** When the authority was last heard of by a pulse: a lease may be held against while that is not long ago. */
export class Contact {
  readonly #freshMs: Ms
  #lastHeard: Ms = Number.NEGATIVE_INFINITY
  #brokenUntil: Ms = Number.NEGATIVE_INFINITY
  #why: unknown
  #lost = false

  /** @param trustMs how long leases are held against while the authority is silent. Default 1,000 ms. */
  constructor(trustMs: Ms = FRESH_MS) {
    this.#freshMs = trustMs
  }

  /**
   * It took this replica for dead, and may have lent its money to others. Whatever it answers: nothing is fresh, and nobody asks,
   * until `found`.
   */
  lost(why: unknown): void {
    this.#lost = true
    this.#why = why
  }

  /** What is lent was compared since, and is true again. */
  found(): void {
    this.#lost = false
  }

  get isLost(): boolean {
    return this.#lost
  }

  /** It has told what has changed, and prolonged the leases, by a pulse that was sent at `sentAt` (monotonic). */
  heard(sentAt: Ms): void {
    this.#lastHeard = Math.max(this.#lastHeard, sentAt)
    this.answered()
  }

  /** It answers: it may be asked again. What has changed meanwhile was not heard by that. */
  answered(): void {
    this.#brokenUntil = Number.NEGATIVE_INFINITY
  }

  failed(now: Ms, why: unknown): void {
    this.#brokenUntil = now + BREAK_MS
    this.#why = why
  }

  isFresh(now: Ms): boolean {
    return this.isWithin(this.#freshMs, now)
  }

  /** Whether it was heard of within so long, and is not lost. */
  isWithin(ms: Ms, now: Ms): boolean {
    return !this.#lost && now - this.#lastHeard < ms
  }

  /** Why it is not to be asked now; undefined when it may be. */
  broken(now: Ms): { readonly why: unknown } | undefined {
    return this.#lost || now < this.#brokenUntil ? { why: this.#why } : undefined
  }
}
