import type { BudgetState } from '../../core/budget.ts'
import type { Clock, Ms } from '../../core/clock.ts'
import type { Authority } from '../authority.ts'

/** Budgets that are known to be passed; further ones are not marked. */
const MAX_KNOWN = 10_000

/** The budgets that have passed their soft limit or their limit, as far as this replica was told. */
export class Exceeded {
  readonly #authority: Pick<Authority, 'budgets'>
  readonly #clock: Clock
  /** By id: until when, by the wall clock. */
  readonly #until = new Map<string, Ms>()

  constructor(authority: Pick<Authority, 'budgets'>, clock: Clock) {
    this.#authority = authority
    this.#clock = clock
  }

  /** Looks how budgets stand, which may have changed. */
  async look(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const states = new Map((await this.#authority.budgets(ids)).map(state => [state.id, state]))
    for (const id of ids) this.#note(id, states.get(id))
  }

  #note(id: string, state: BudgetState | undefined): void {
    const limit = state?.softLimit ?? state?.limit
    if (!state || limit === undefined || state.spent < limit) this.#until.delete(id)
    else if (this.#until.size < MAX_KNOWN) this.#until.set(id, state.resetsAt ?? Number.POSITIVE_INFINITY)
  }

  has(id: string): boolean {
    const until = this.#until.get(id)
    if (until === undefined) return false
    if (this.#clock.now() < until) return true
    this.#until.delete(id)
    return false
  }

  get isEmpty(): boolean {
    return this.#until.size === 0
  }
}
