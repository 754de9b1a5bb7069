import type { Ms } from '../core/clock.ts'

/** The fastest hosts write some 3,000 tokens a second: what comes faster was not written just then. */
const FASTEST = 3
/** How much of what was seen before stays with each answer: some twenty count. */
const KEPT = 0.95

/** How fast a deployment writes, by its last answers: tokens per millisecond. Long ones weigh more than short ones. */
export class OutputPace {
  readonly #unknown: number
  #tokens = 0
  #ms: Ms = 0

  /** @param unknown the pace before the first answer */
  constructor(unknown: number) {
    this.#unknown = unknown
  }

  add(tokens: number, ms: Ms): void {
    this.#tokens = this.#tokens * KEPT + tokens
    this.#ms = this.#ms * KEPT + Math.max(ms, 0)
  }

  /** Tokens that are written in this time, rounded down. */
  tokensIn(ms: Ms): number {
    const pace = this.#ms > 0 ? Math.min(this.#tokens / this.#ms, FASTEST) : this.#unknown
    return Math.floor(Math.max(ms, 0) * pace)
  }
}
