import type { BudgetTerms } from '../../core/budget.ts'
import type { Clock, Ms } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { Account } from './account.ts'
import type { LocalHold } from './local-hold.ts'

/** So much on each of these budgets. */
export interface Wanted {
  /** In the order of the terms. */
  readonly accounts: readonly Account[]
  readonly terms: readonly BudgetTerms[]
  readonly amount: NanoUsd
}

/** A call that waits for money. While it does, nobody overtakes it on its accounts. */
export class Waiting {
  readonly wanted: Wanted
  readonly since: Ms
  /** It was refused, and asks again by itself. */
  asksLater = false
  readonly result: Promise<LocalHold>
  #settled = false
  #end: { resolve(hold: LocalHold): void; reject(error: unknown): void } | undefined

  /** @param tooLate what it is told when nothing has come of it within `ms`. */
  constructor(wanted: Wanted, clock: Clock, { ms, tooLate }: { readonly ms: Ms; readonly tooLate: () => unknown }) {
    this.wanted = wanted
    this.since = clock.monotonic()
    for (const account of wanted.accounts) account.waiting++
    const timer = clock.after(ms, () => this.reject(tooLate()))
    this.result = new Promise<LocalHold>((resolve, reject) => {
      this.#end = { resolve, reject }
    }).finally(() => timer.cancel())
  }

  get isSettled(): boolean {
    return this.#settled
  }

  resolve(hold: LocalHold): void {
    if (this.#settled) hold.release()
    else this.#settle()?.resolve(hold)
  }

  reject(error: unknown): void {
    if (!this.#settled) this.#settle()?.reject(error)
  }

  #settle() {
    this.#settled = true
    for (const account of this.wanted.accounts) account.waiting--
    return this.#end
  }
}
