import type { BudgetTerms } from '../../core/budget.ts'
import type { Ms } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { Grant } from '../authority.ts'
import { Purse } from './purse.ts'

/** How far ahead money is leased: what was held within the last such span. */
const FORESIGHT_MS: Ms = 1_000
/**
 * An account that held nothing for so long gives its free money back. It outlasts the pauses of a caller, because leasing anew
 * with each call costs twice as much as all else (100,000 keys in turn); whoever needs the money meanwhile calls it scarce.
 */
export const IDLE_MS: Ms = 60_000
/** After a refusal only what is needed is leased, and nothing is kept idle. */
const SCARCE_MS: Ms = 2_000

/** One bounded budget, as this replica knows it: the purse of the present window, and those of windows that are over. */
export class Account {
  terms: BudgetTerms
  /** Calls that wait for money of it: whoever comes later stands behind them. */
  waiting = 0
  /** Monotonic: when it is looked at for money that lies idle. */
  lookAt: Ms
  /** Another one may have taken its place. */
  isForgotten = false
  #purse: Purse | undefined
  #closed: Purse[] = []
  /** About so much, in nano-USD: it says how much is wanted beforehand, and is no money itself. */
  #heldSince = 0
  #since: Ms
  #lastUsed: Ms
  #scarceUntil: Ms = Number.NEGATIVE_INFINITY
  /** When the authority was asked that said last when the window ends. */
  #toldAt: Ms = Number.NEGATIVE_INFINITY

  constructor(terms: BudgetTerms, now: Ms) {
    this.terms = terms
    this.#since = now
    this.#lastUsed = now
    this.lookAt = now + IDLE_MS
  }

  /** Free at once; 0 where there is no lease of a window that is still open. */
  free(now: Ms): NanoUsd {
    const purse = this.#purse
    return purse?.isOpen(now) && purse.free > 0n ? purse.free : 0n
  }

  /** The purse that so much can be held of, now and without asking. */
  purseWith(amount: NanoUsd, now: Ms): Purse | undefined {
    const purse = this.#purse
    // Nothing can be held even after an overrun, when less than nothing is free.
    return purse?.isOpen(now) && (amount === 0n || purse.free >= amount) ? purse : undefined
  }

  noteHeld(about: number, now: Ms): void {
    this.#heldSince += about
    this.#lastUsed = now
  }

  /** Under lease in all windows. */
  get leased(): NanoUsd {
    return this.#closed.reduce((sum, purse) => sum + purse.leased, this.#purse?.leased ?? 0n)
  }

  /**
   * What would be welcome beyond a call of `amount`: as much as was held lately, and at least one call more, so that whoever calls
   * now and then does not lease each time. Money that is scarce is not hoarded.
   */
  appetite(amount: NanoUsd, now: Ms): NanoUsd {
    if (this.isScarce(now)) return 0n
    const elapsed = Math.max(now - this.#since, 50)
    const lately = (this.#heldSince * FORESIGHT_MS) / elapsed
    this.#since = now
    this.#heldSince = 0
    const about = BigInt(Math.floor(lately))
    return about > amount ? about : amount
  }

  /** @param sentAt when the authority was asked, monotonic: its window ends no earlier than that plus what it said. */
  receive({ budget, amount, resetsInMs }: Grant, sentAt: Ms): void {
    const endsAt = sentAt + (resetsInMs ?? Number.POSITIVE_INFINITY)
    const known = this.#purseOf(budget.windowStart)
    const purse = known ?? new Purse(budget, endsAt)
    // An answer that came late may be of an earlier period.
    if (sentAt >= this.#toldAt) purse.endsAt = endsAt
    this.#toldAt = Math.max(this.#toldAt, sentAt)
    purse.receive(amount, budget.spent)
    if (known) return
    const present = this.#purse
    // An answer that came late may be of a window that is over.
    if (present && present.windowStart > budget.windowStart) this.#closed.push(purse)
    else {
      if (present) this.#closed.push(present)
      this.#purse = purse
    }
  }

  isScarce(now: Ms): boolean {
    return now < this.#scarceUntil
  }

  markScarce(now: Ms): void {
    this.#scarceUntil = now + SCARCE_MS
  }

  /** The purses with money that nobody needs, and those that are done with. */
  *idle(now: Ms): Generator<Purse> {
    const purse = this.#purse
    if (purse && (!purse.isOpen(now) || this.isScarce(now) || this.#isUnused(now))) yield purse
    yield* this.#closed
  }

  /** Under lease in a window, as far as the authority has not forgotten it. */
  leasedIn(windowStart: Ms): NanoUsd {
    return this.#purseOf(windowStart)?.leased ?? 0n
  }

  /** All purses. */
  *purses(): Generator<Purse> {
    if (this.#purse) yield this.#purse
    yield* this.#closed
  }

  /** Forgets purses that are empty and settled. Gives back whether anything is left to remember. */
  tidy(now: Ms): boolean {
    this.#closed = this.#closed.filter(purse => !isDone(purse))
    const purse = this.#purse
    if (purse && this.#isUnused(now) && this.waiting === 0 && isDone(purse)) this.#purse = undefined
    return this.#purse !== undefined || this.#closed.length > 0 || this.waiting > 0
  }

  #isUnused(now: Ms): boolean {
    return now - this.#lastUsed >= IDLE_MS
  }

  #purseOf(windowStart: Ms): Purse | undefined {
    for (const purse of this.purses()) if (purse.windowStart === windowStart && !purse.isDisowned) return purse
    return undefined
  }
}

function isDone(purse: Purse): boolean {
  return purse.isSettled && purse.leased === 0n
}
