import { budgetId } from '../../core/budget.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { ChargedBudget } from '../authority.ts'
import type { Purse } from './purse.ts'

/**
 * The purses that bear something together: one of each budget, in the order of its terms. Calls of one caller share them
 * while the windows of their budgets last, so that what is made of them is made once.
 */
export class Purses {
  readonly all: readonly Purse[]
  /** Themselves, in the lines of the journal. */
  readonly text: string
  /** Of the main budget of a key. */
  readonly ofKey: Purse | undefined

  constructor(all: readonly Purse[]) {
    this.all = all
    this.text = `[${all.map(({ text }) => text).join(',')}]`
    this.ofKey = all.find(
      ({ budget: { id, level, subject } }) => level === 'key' && id === budgetId({ level, subject }),
    )
  }

  isOf(purses: readonly Purse[]): boolean {
    const { all } = this
    for (let at = 0; at < all.length; at++) if (all[at] !== purses[at]) return false
    return all.length === purses.length
  }

  hold(amount: NanoUsd): void {
    for (const purse of this.all) purse.hold(amount)
  }

  release(amount: NanoUsd): void {
    for (const purse of this.all) purse.release(amount)
  }

  charge(amount: NanoUsd, overrun: NanoUsd): void {
    for (const purse of this.all) purse.charge(overrun)
    this.ofKey?.noteSpent(amount)
  }

  posted(amount: NanoUsd, charges: number): void {
    for (const purse of this.all) purse.posted(amount, charges)
  }

  /** The authority does not know the lease of one any more. */
  get isDisowned(): boolean {
    for (const purse of this.all) if (purse.isDisowned) return true
    return false
  }

  /** As the authority is told of them. */
  get budgets(): readonly ChargedBudget[] {
    return this.all.map(({ budget, windowStart, isDisowned }) => {
      const charged = { terms: budget, windowStart }
      return isDisowned ? { ...charged, isForgotten: true } : charged
    })
  }
}
