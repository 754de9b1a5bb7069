import type { Ms } from '../core/clock.ts'

const STEPS = 60
const WINDOW_MS: Ms = 60_000

/** How often something happened lately, in steps of a sixtieth of the window. Counting and asking are O(1). */
export class SlidingCount {
  readonly #stepMs: Ms
  readonly #steps = new Uint32Array(STEPS)
  #newest = 0
  #total = 0

  /** @param windowMs how far back it counts. Default 60,000 ms. */
  constructor(windowMs: Ms = WINDOW_MS) {
    this.#stepMs = windowMs / STEPS
  }

  /** Counts one at `now`, monotonic. */
  add(now: Ms): void {
    this.#advance(now)
    const index = this.#newest % STEPS
    this.#steps[index] = (this.#steps[index] ?? 0) + 1
    this.#total++
  }

  /** The count within the window before `now`. */
  total(now: Ms): number {
    this.#advance(now)
    return this.#total
  }

  #advance(now: Ms): void {
    const step = Math.floor(now / this.#stepMs)
    const passed = Math.min(step - this.#newest, STEPS)
    for (let i = 1; i <= passed; i++) {
      const index = (this.#newest + i) % STEPS
      this.#total -= this.#steps[index] ?? 0
      this.#steps[index] = 0
    }
    if (step > this.#newest) this.#newest = step
  }
}
