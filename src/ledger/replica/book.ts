import type { BudgetTerms } from '../../core/budget.ts'
import type { Ms } from '../../core/clock.ts'
import type { NanoUsd } from '../../core/money.ts'
import type { GivenBack } from '../authority.ts'
import { Account, IDLE_MS } from './account.ts'
import { Lender, type LenderParts } from './lender.ts'
import { LocalHold } from './local-hold.ts'
import type { Purse } from './purse.ts'
import { Purses } from './purses.ts'
import type { Wanted } from './waiting.ts'

export type BookParts = Omit<LenderParts, 'accountOf' | 'place' | 'markScarce'>

/**
 * This replica's share of all bounded budgets. Money that is under lease is held without asking anybody, on all budgets of a
 * call or on none; what is missing is leased.
 */
export class Book {
  readonly #parts: BookParts
  readonly #lender: Lender
  /** In the order in which they are looked at. */
  readonly #accounts = new Map<string, Account>()
  /** Those whose free money goes back at once. */
  readonly #scarce = new Set<Account>()
  /** The accounts of a list of terms, which calls of one caller share. */
  readonly #lists = new WeakMap<readonly BudgetTerms[], readonly Account[]>()
  /** Their purses, as they were held of last. */
  readonly #purses = new WeakMap<readonly Account[], Purses>()

  constructor(parts: BookParts) {
    this.#parts = parts
    this.#lender = new Lender({
      ...parts,
      // Whoever asked for it may be gone, and the account with it.
      accountOf: ({ budget }) => this.#account(budget, parts.clock.monotonic()),
      place: wanted => this.#place(wanted, hasPurse),
      markScarce: account => this.#markScarce(account),
    })
  }

  /** Sets `amount` aside on each budget. Rejects with a Failure: over budget, or the authority is away. */
  hold(terms: readonly BudgetTerms[], amount: NanoUsd): LocalHold | Promise<LocalHold> {
    const now = this.#parts.clock.monotonic()
    const wanted = { accounts: this.#accountsOf(terms, now), terms, amount }
    const hold = this.#parts.contact.isFresh(now) ? this.#place(wanted, isFirst) : undefined
    return hold ?? this.#lender.lease(wanted)
  }

  /**
   * Takes out free money that nobody needs: of budgets that are scarce, and, where it is time to look, of idle accounts and
   * windows that are over.
   */
  takeIdle(scarce: Iterable<string> = []): GivenBack[] {
    const now = this.#parts.clock.monotonic()
    const given: GivenBack[] = []
    for (const id of scarce) this.#markScarce(this.#accounts.get(id))
    for (const account of this.#scarce) {
      this.#look(account, now, given)
      if (account.isForgotten || !account.isScarce(now)) this.#scarce.delete(account)
    }
    for (const account of this.#accounts.values()) {
      if (now < account.lookAt) break
      this.#look(account, now, given)
    }
    return given
  }

  /**
   * Compares with what the authority says is under lease, while nothing is under way between the two. Nothing more is held
   * against what it has forgotten; what this replica does not have, because an answer was lost or it was taken out of a purse,
   * goes back.
   */
  reconcile(leases: readonly GivenBack[]): GivenBack[] {
    const lost: GivenBack[] = []
    const known = new Map<string, NanoUsd>()
    for (const lease of leases) {
      const { budgetId, windowStart, amount } = lease
      known.set(`${budgetId}\0${windowStart}`, amount)
      const here = this.#accounts.get(budgetId)?.leasedIn(windowStart) ?? 0n
      if (amount > here) lost.push({ budgetId, windowStart, amount: amount - here })
    }
    for (const [id, account] of this.#accounts) {
      for (const purse of account.purses()) {
        if ((known.get(`${id}\0${purse.windowStart}`) ?? 0n) < purse.leased) purse.disown()
      }
    }
    return lost
  }

  /** Budgets that this replica remembers. */
  get size(): number {
    return this.#accounts.size
  }

  #markScarce(account: Account | undefined): void {
    if (!account) return
    account.markScarce(this.#parts.clock.monotonic())
    this.#scarce.add(account)
  }

  /** What is left to remember of it stands behind all others afterwards. */
  #look(account: Account, now: Ms, given: GivenBack[]): void {
    const { id } = account.terms
    if (account.waiting === 0) for (const purse of account.idle(now)) giveBack(id, purse, given)
    this.#accounts.delete(id)
    account.isForgotten = !account.tidy(now)
    if (account.isForgotten) return
    account.lookAt = now + IDLE_MS
    this.#accounts.set(id, account)
  }

  /** One look instead of one for each budget: 0.6 µs less for each call with four. */
  #accountsOf(terms: readonly BudgetTerms[], now: Ms): readonly Account[] {
    const known = this.#lists.get(terms)
    if (known && !known.some(isForgotten)) return known
    const accounts = terms.map(one => this.#account(one, now))
    this.#lists.set(terms, accounts)
    return accounts
  }

  #account(terms: BudgetTerms, now: Ms): Account {
    let account = this.#accounts.get(terms.id)
    if (!account) {
      account = new Account(terms, now)
      this.#accounts.set(terms.id, account)
    }
    account.terms = terms
    return account
  }

  #place(wanted: Wanted, may: (account: Account) => boolean): LocalHold | undefined {
    const { accounts, terms, amount } = wanted
    const now = this.#parts.clock.monotonic()
    const purses: Purse[] = []
    for (const account of accounts) {
      const purse = may(account) ? account.purseWith(amount, now) : undefined
      if (!purse) return undefined
      purses.push(purse)
    }
    const about = Number(amount)
    for (const account of accounts) account.noteHeld(about, now)
    return new LocalHold(this.#together(accounts, purses), amount, more => this.hold(terms, more))
  }

  #together(accounts: readonly Account[], purses: readonly Purse[]): Purses {
    const last = this.#purses.get(accounts)
    if (last?.isOf(purses)) return last
    const together = new Purses(purses)
    this.#purses.set(accounts, together)
    return together
  }
}

function isForgotten(account: Account): boolean {
  return account.isForgotten
}

/** Nobody overtakes those who wait. */
function isFirst(account: Account): boolean {
  return account.waiting === 0
}

function hasPurse(): boolean {
  return true
}

function giveBack(budgetId: string, purse: Purse, given: GivenBack[]): void {
  const amount = purse.empty()
  if (amount > 0n && !purse.isDisowned) given.push({ budgetId, windowStart: purse.windowStart, amount })
}
