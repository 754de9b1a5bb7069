import type { Clock, Ms, Timer } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'

export interface TurnsOptions {
  readonly clock: Clock
  /** Nobody waits longer. */
  readonly waitMs: Ms
  /** More may not wait. */
  readonly limit: number
}

interface Waiting {
  readonly start: () => void
  readonly timer: Timer
}

/** One at a time, in the order in which they came. */
export class Turns {
  readonly #options: TurnsOptions
  readonly #waiting = new Set<Waiting>()
  #taken = false

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /** Resolves when it is one's turn; `end` must follow. @throws Failure after the wait, or when too many wait already. */
  begin(): Promise<void> {
    if (!this.#taken) {
      this.#taken = true
      return Promise.resolve()
    }
    if (this.#waiting.size >= this.#options.limit) return Promise.reject(tooBusy(`${this.#options.limit} wait for it`))
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(this.#options.waitMs, () => {
        this.#waiting.delete(waiting)
        reject(tooBusy(`its turn did not come within ${this.#options.waitMs} ms`))
      })
      const waiting: Waiting = { start: resolve, timer }
      this.#waiting.add(waiting)
    })
  }

  end(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#taken = false
      return
    }
    this.#waiting.delete(next)
    next.timer.cancel()
    next.start()
  }
}

function tooBusy(why: string): Failure {
  return new Failure('unavailable', `The store is too busy: ${why}`, { code: 'store_busy' })
}
