import type { Ms } from '../core/clock.ts'
import type { ErrorClass } from '../core/deployment.ts'
import { SlidingCount } from './sliding-count.ts'

/** How often a deployment failed lately, by class of error. */
export class FailureCounts {
  readonly #windowMs: Ms | undefined
  /** Made when the first failure comes, which for most deployments is never. */
  #counts: Map<ErrorClass, SlidingCount> | undefined

  /** @param windowMs how long a failure counts. Default 60,000 ms. */
  constructor(windowMs?: Ms) {
    this.#windowMs = windowMs
  }

  /** Counts one at `now`, monotonic. */
  add(errorClass: ErrorClass, now: Ms): void {
    this.#counts ??= new Map()
    let count = this.#counts.get(errorClass)
    if (!count) {
      count = new SlidingCount(this.#windowMs)
      this.#counts.set(errorClass, count)
    }
    count.add(now)
  }

  /** Those of one class within the window. */
  of(errorClass: ErrorClass, now: Ms): number {
    return this.#counts?.get(errorClass)?.total(now) ?? 0
  }

  /** Those of every class that `counts` accepts. */
  total(now: Ms, counts: (errorClass: ErrorClass) => boolean): number {
    let sum = 0
    for (const [errorClass, count] of this.#counts ?? []) if (counts(errorClass)) sum += count.total(now)
    return sum
  }
}
