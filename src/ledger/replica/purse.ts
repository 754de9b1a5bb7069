import type { BudgetState } from '../../core/budget.ts'
import type { Ms } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import { budgetText } from './journal-line.ts'

/**
 * What this replica has under lease of one window of one budget. Money in it is free, held by calls, or charged and not yet
 * posted. Only sums are kept, because each operation on a bigint makes a new one.
 */
export class Purse {
  /** As the authority told it with the first lease. */
  readonly budget: BudgetState
  readonly windowStart: Ms
  /** Itself, in the lines of the journal. */
  readonly text: string
  /** Monotonic: from then on the window is over and nothing more is held. Another moment when the budget has another period. */
  endsAt: Ms
  #leased: NanoUsd = 0n
  #free: NanoUsd = 0n
  /** Holds that are open, and charges that are not posted. */
  #open = 0
  #disowned = false
  #spent: NanoUsd
  /** By the authority, last. */
  #toldSpent: NanoUsd

  constructor(budget: BudgetState, endsAt: Ms) {
    this.budget = budget
    this.windowStart = budget.windowStart
    this.endsAt = endsAt
    this.text = budgetText(budget.id, budget.windowStart)
    this.#spent = budget.spent
    this.#toldSpent = budget.spent
  }

  /** Lent by the authority, and not yet posted to it or given back. */
  get leased(): NanoUsd {
    return this.#leased
  }

  /** In this window, by whomever, as far as it is known here: what others spent is known from the last lease. */
  get spent(): NanoUsd {
    return this.#spent
  }

  /** Below zero after an overrun. */
  get free(): NanoUsd {
    return this.#free
  }

  /** Nothing is held and nothing waits to be posted. */
  get isSettled(): boolean {
    return this.#open === 0
  }

  /** The authority does not know the lease any more: what is still charged goes straight to what is spent. */
  get isDisowned(): boolean {
    return this.#disowned
  }

  isOpen(now: Ms): boolean {
    return now < this.endsAt && !this.#disowned
  }

  /** @param spent in this window when so much was lent, by the authority. */
  receive(amount: NanoUsd, spent: NanoUsd): void {
    this.#leased += amount
    this.#free += amount
    // What is charged here and not posted the authority does not know; less than before it tells when somebody has set it.
    if (spent > this.#spent || spent < this.#toldSpent) this.#spent = spent
    this.#toldSpent = spent
  }

  /** A charge, for `spent`. */
  noteSpent(amount: NanoUsd): void {
    this.#spent += amount
  }

  /** Opens a hold. Whoever calls it has seen that so much is free. */
  hold(amount: NanoUsd): void {
    this.#free -= amount
    this.#open++
  }

  /** Ends a hold; so much of it was not charged. */
  release(amount: NanoUsd): void {
    if (amount > 0n) this.#free += amount
    this.#open--
  }

  /** A charge was made under a hold, and passed it by so much. It is to be posted. */
  charge(overrun: NanoUsd): void {
    if (overrun > 0n) this.#free -= overrun
    this.#open++
  }

  /** The authority has booked so many charges, which are so much together: under the lease, and what is more is spent as well. */
  posted(amount: NanoUsd, charges: number): void {
    this.#leased -= amount
    this.#open -= charges
    if (this.#leased >= 0n) return
    // It must not be taken of the next lease again.
    this.#free -= this.#leased
    this.#leased = 0n
  }

  /** Takes all free money out, to be given back. */
  empty(): NanoUsd {
    const free = this.#free
    if (free <= 0n) return 0n
    this.#leased -= free
    this.#free = 0n
    return free
  }

  disown(): void {
    this.#disowned = true
  }
}
