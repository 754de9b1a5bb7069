import type { Hold } from '../../core/hold.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { Purses } from './purses.ts'

/** Sets further money aside on the same budgets; rejects with the Failure of the budget that has not so much. */
export type SetAside = (amount: NanoUsd) => LocalHold | Promise<LocalHold>

/** A hold in purses of this replica: the same amount in each. */
export class LocalHold implements Hold {
  readonly #setAside: SetAside
  #purses: Purses
  #left: NanoUsd
  #released = false

  constructor(purses: Purses, amount: NanoUsd, setAside: SetAside) {
    this.#purses = purses
    this.#left = amount
    this.#setAside = setAside
    purses.hold(amount)
  }

  get purses(): Purses {
    return this.#purses
  }

  get left(): NanoUsd {
    return this.#left
  }

  get keySpent(): NanoUsd | undefined {
    return this.#purses.ofKey?.spent
  }

  /** Whether it is one on the budget of this id. */
  isOn(id: string): boolean {
    return this.#purses.all.some(({ budget }) => budget.id === id)
  }

  /** @param isSure whether what is set aside surely counts yet; else the authority is asked. Default true. */
  raise(amount: NanoUsd, isSure = true): void | Promise<void> {
    const lacks = amount - this.#counting
    if (lacks <= 0n && isSure) return
    const more = this.#setAside(lacks > 0n ? lacks : 0n)
    return more instanceof Promise ? more.then(hold => this.#join(hold, amount)) : this.#join(more, amount)
  }

  charge(amount: NanoUsd): NanoUsd {
    const overrun = amount > this.#left ? amount - this.#left : 0n
    this.#left = overrun > 0n ? 0n : this.#left - amount
    this.#purses.charge(amount, overrun)
    return overrun
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#purses.release(this.#left)
    this.#left = 0n
  }

  /** What is left, unless it was lent to others meanwhile. */
  get #counting(): NanoUsd {
    return this.#purses.isDisowned ? 0n : this.#left
  }

  /** A hold never spans two windows: when one has ended meanwhile, it moves to the new one as a whole. */
  #join(more: LocalHold, amount: NanoUsd): void | Promise<void> {
    // Its call has ended meanwhile, and nobody would give it back.
    if (this.#released) return more.release()
    const isSame = more.#purses.isOf(this.#purses.all)
    // One of the two holds ends, in the purses that it has; what is left of it goes on in the other.
    this.#purses.release(isSame ? 0n : this.#left)
    this.#left = isSame ? this.#left + more.#left : more.#left
    this.#purses = more.#purses
    return isSame ? undefined : this.raise(amount)
  }
}
