import type { BudgetState } from '../../core/budget.ts'
import type { Ms } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import { budgetText } from './journal-line.ts'

/** What this replica has under lease of one window of one budget. Money in it is free, held by calls, or charged. */
export class Purse {
  /** As the authority told it with the first lease. */
  readonly budget: BudgetState
  readonly windowStart: Ms
  /** Itself, in the lines of the journal. */
  readonly text: string
  /** Monotonic: from then on the window is over and nothing more is held. */
  readonly endsAt: Ms
  #leased: NanoUsd = 0n
  #held: NanoUsd = 0n
  #charged: NanoUsd = 0n
  #disowned = false

  constructor(budget: BudgetState, endsAt: Ms) {
    this.budget = budget
    this.windowStart = budget.windowStart
    this.endsAt = endsAt
    this.text = budgetText(budget.id, budget.windowStart)
  }

  /** Lent by the authority, and not yet posted to it or given back. */
  get leased(): NanoUsd {
    return this.#leased
  }

  get held(): NanoUsd {
    return this.#held
  }

  /** Below zero after an overrun. */
  get free(): NanoUsd {
    return this.#leased - this.#held - this.#charged
  }

  /** Nothing is held and nothing waits to be posted. */
  get isSettled(): boolean {
    return this.#held === 0n && this.#charged === 0n
  }

  /** The authority does not know the lease any more: what is still charged goes straight to what is spent. */
  get isDisowned(): boolean {
    return this.#disowned
  }

  isOpen(now: Ms): boolean {
    return now < this.endsAt && !this.#disowned
  }

  receive(amount: NanoUsd): void {
    this.#leased += amount
  }

  /** Whoever calls it has seen that so much is free. */
  hold(amount: NanoUsd): void {
    this.#held += amount
  }

  release(amount: NanoUsd): void {
    this.#held -= amount
  }

  /** `held` of it was set aside; the rest is an overrun. */
  charge(amount: NanoUsd, held: NanoUsd): void {
    this.#held -= held
    this.#charged += amount
  }

  /** The authority has booked a charge. */
  posted(amount: NanoUsd): void {
    this.#charged -= amount
    this.#leased -= amount
  }

  /** Takes all free money out, to be given back. */
  empty(): NanoUsd {
    const free = this.free
    if (free <= 0n) return 0n
    this.#leased -= free
    return free
  }

  disown(): void {
    this.#disowned = true
  }
}
