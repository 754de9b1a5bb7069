import type { Ms } from '../core/clock.ts'

const STEPS = 60
const STEP_MS: Ms = 1000

/** How often something happened in the last 60 seconds, in steps of one second. Counting and asking are O(1). */
export class SlidingCount {
  readonly #steps = new Uint32Array(STEPS)
  #newest = 0
  #total = 0

  /** Counts one at `now`, monotonic. */
  add(now: Ms): void {
    this.#advance(now)
    const index = this.#newest % STEPS
    this.#steps[index] = (this.#steps[index] ?? 0) + 1
    this.#total++
  }

  /** The count of the 60 seconds before `now`. */
  total(now: Ms): number {
    this.#advance(now)
    return this.#total
  }

  #advance(now: Ms): void {
    const step = Math.floor(now / STEP_MS)
    const passed = Math.min(step - this.#newest, STEPS)
    for (let i = 1; i <= passed; i++) {
      const index = (this.#newest + i) % STEPS
      this.#total -= this.#steps[index] ?? 0
      this.#steps[index] = 0
    }
    if (step > this.#newest) this.#newest = step
  }
}
