import type { Ms } from '../core/clock.ts'

/** The latest samples of a duration, and their median. Adding is O(1); the median is reckoned when asked, and kept. */
export class SampleRing {
  readonly #capacity: number
  #values: Float64Array | undefined
  #expiries: Float64Array | undefined
  #next = 0
  #count = 0
  #p50: Ms | undefined
  /** The kept median holds before this time. */
  #freshUntil = Number.POSITIVE_INFINITY

  /** Keeps the last `capacity` samples, at least 1. */
  constructor(capacity: number) {
    this.#capacity = Math.max(1, Math.floor(capacity))
  }

  /** Adds a sample that counts before `expiresAt`; the oldest one goes when there is no room. */
  add(value: Ms, expiresAt: Ms): void {
    this.#values ??= new Float64Array(this.#capacity)
    this.#expiries ??= new Float64Array(this.#capacity)
    this.#values[this.#next] = value
    this.#expiries[this.#next] = expiresAt
    this.#next = (this.#next + 1) % this.#capacity
    if (this.#count < this.#capacity) this.#count++
    this.#freshUntil = Number.NEGATIVE_INFINITY
  }

  /** The median (nearest rank: the lower of two in the middle); undefined without a sample that counts. */
  p50(now: Ms): Ms | undefined {
    return now < this.#freshUntil ? this.#p50 : this.#reckon(now)
  }

  #reckon(now: Ms): Ms | undefined {
    const live = new Float64Array(this.#count)
    let count = 0
    let soonest = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#count; i++) {
      const expiry = this.#expiries?.[i] ?? 0
      if (expiry <= now) continue
      live[count++] = this.#values?.[i] ?? 0
      soonest = Math.min(soonest, expiry)
    }
    const sorted = live.subarray(0, count).sort()
    this.#freshUntil = soonest
    this.#p50 = sorted[Math.ceil(count / 2) - 1]
    return this.#p50
  }
}
