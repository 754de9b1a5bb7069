import type { Hold } from '../../core/hold.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { Purse } from './purse.ts'

/** Sets further money aside on the same budgets; rejects with the Failure of the budget that has not so much. */
export type SetAside = (amount: NanoUsd) => LocalHold | Promise<LocalHold>

/** A hold in purses of this replica: the same amount in each. */
export class LocalHold implements Hold {
  readonly #setAside: SetAside
  #purses: readonly Purse[]
  #left: NanoUsd

  constructor(purses: readonly Purse[], amount: NanoUsd, setAside: SetAside) {
    this.#purses = purses
    this.#left = amount
    this.#setAside = setAside
    for (const purse of purses) purse.hold(amount)
  }

  get purses(): readonly Purse[] {
    return this.#purses
  }

  get left(): NanoUsd {
    return this.#left
  }

  raise(amount: NanoUsd): void | Promise<void> {
    const missing = amount - this.#left
    if (missing <= 0n) return
    const more = this.#setAside(missing)
    return more instanceof Promise ? more.then(hold => this.#join(hold, amount)) : this.#join(more, amount)
  }

  charge(amount: NanoUsd): NanoUsd {
    const held = amount < this.#left ? amount : this.#left
    this.#left -= held
    for (const purse of this.#purses) purse.charge(amount, held)
    return amount - held
  }

  release(): void {
    for (const purse of this.#purses) purse.release(this.#left)
    this.#left = 0n
  }

  /** A hold never spans two windows: when one has ended meanwhile, it moves to the new one as a whole. */
  #join(more: LocalHold, amount: NanoUsd): void | Promise<void> {
    const isSame = more.#purses.every((purse, index) => purse === this.#purses[index])
    const left = more.#left
    if (!isSame) this.release()
    this.#purses = more.#purses
    this.#left += left
    more.#left = 0n
    return isSame ? undefined : this.raise(amount)
  }
}
