import type { BudgetTerms } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'
import { type Account, opened, rolled, stateOf } from './account.ts'
import { announced, fellShort } from './announcements.ts'
import type {
  ChargedBudget,
  Crossing,
  GivenBack,
  Grant,
  LeaseAnswer,
  LeaseAsk,
  PostedRow,
  WrittenOff,
} from './authority.ts'
import { amountToLend, charged, departed, givenBack, lent, revived, suffices, wanted, writtenOff } from './leases.ts'

/** The accounts that a transaction works on: all of them in memory, those that are concerned from SQL. */
export interface Book {
  get(id: string): Account | undefined
  set(account: Account): void
}

/** Lends a group of asks all that it needs, or nothing. Unknown budgets are opened either way. */
export function lendGroup(book: Book, replica: string, { asks, now }: GroupAsk): LeaseAnswer {
  const before: Account[] = []
  const grants: Grant[] = []
  for (const { terms } of asks) present(book, terms, now)
  for (const { terms, need, want } of asks) {
    const account = present(book, terms, now)
    if (!suffices(account, need)) return refusal(book, before, { short: wanted(account, now), need })
    before.push(account)
    const amount = amountToLend(account, need, want)
    const next = lent(account, replica, amount)
    if (next !== account) book.set(next)
    const resetsInMs = next.resetsAt === undefined ? undefined : next.resetsAt - now
    grants.push({ budget: stateOf(next), amount, resetsInMs })
  }
  return { granted: grants }
}

export interface GroupAsk {
  readonly asks: readonly LeaseAsk[]
  readonly now: Ms
}

/** Puts back what the group had got until one budget refused. A budget may stand in a group twice. */
function refusal(
  book: Book,
  before: readonly Account[],
  { short: account, need }: { readonly short: Account; readonly need: NanoUsd },
): LeaseAnswer {
  const { account: short, crossed } = fellShort(account, need)
  book.set(short)
  const wantedAt = short.wantedAt
  const { limitTold } = short
  for (const one of before.toReversed()) book.set(one.id === short.id ? { ...one, wantedAt, limitTold } : one)
  return { refused: stateOf(book.get(short.id) ?? short), ...(crossed && { crossed }) }
}

export interface ChargeSum extends ChargedBudget {
  readonly amount: NanoUsd
}

/** The charges of rows, one sum per budget and window, so that a batch touches each budget once. */
export function chargeSums(rows: readonly PostedRow[]): ChargeSum[] {
  const sums: { -readonly [Name in keyof ChargeSum]: ChargeSum[Name] }[] = []
  const byBudget = new Map<string, typeof sums>()
  for (const [budgets, amount] of chargesByPayers(rows)) {
    for (const budget of budgets) {
      const { terms, windowStart, isForgotten } = budget
      const windows = byBudget.get(terms.id) ?? []
      const sum = windows.find(one => one.windowStart === windowStart && one.isForgotten === isForgotten)
      if (sum) {
        sum.amount += amount
        continue
      }
      const first = { amount, ...budget }
      windows.push(first)
      sums.push(first)
      byBudget.set(terms.id, windows)
    }
  }
  return sums
}

/** Rows of one caller have the same list of budgets. */
function chargesByPayers(rows: readonly PostedRow[]): ReadonlyMap<PostedRow['budgets'], NanoUsd> {
  const charges = new Map<PostedRow['budgets'], NanoUsd>()
  for (const { budgets, charge } of rows) charges.set(budgets, (charges.get(budgets) ?? 0n) + charge)
  return charges
}

export interface Settlement {
  readonly sums: readonly ChargeSum[]
  readonly returns: readonly GivenBack[]
  readonly now: Ms
}

/** Charges, takes back, and tells which limits were passed. */
export function settle(book: Book, replica: string, { sums, returns, now }: Settlement): Crossing[] {
  const touched = new Set<string>()
  for (const sum of sums) {
    const { terms } = sum
    book.set(charged(present(book, terms, now), { replica, ...sum }))
    touched.add(terms.id)
  }
  for (const { budgetId, windowStart, amount } of returns) {
    const account = book.get(budgetId)
    if (account) book.set(givenBack(rolled(account, now), { replica, windowStart, amount }))
  }
  const crossings: Crossing[] = []
  for (const id of touched) {
    const account = book.get(id)
    if (!account) continue
    const { account: told, crossed } = announced(account)
    if (told !== account) book.set(told)
    crossings.push(...crossed)
  }
  return crossings
}

/** Books what a dead replica has under lease in these budgets as spent. */
export function writeOffAll(book: Book, replica: string, { ids, now }: Budgets): WrittenOff[] {
  const answer: WrittenOff[] = []
  for (const id of ids) {
    const account = book.get(id)
    if (!account) continue
    const live = rolled(account, now)
    const next = writtenOff(live, replica)
    book.set(next)
    if (next !== live) answer.push({ budget: stateOf(next), amount: next.spent - live.spent })
  }
  return answer
}

/** Gives a replica that was thought dead its leases of these budgets again. */
export function reviveAll(book: Book, replica: string, { ids, now }: Budgets): void {
  for (const id of ids) {
    const account = book.get(id)
    if (account) book.set(revived(rolled(account, now), replica))
  }
}

/** Takes back all that a replica has left of these budgets. */
export function leaveAll(book: Book, replica: string, { ids, now }: Budgets): void {
  for (const id of ids) {
    const account = book.get(id)
    if (account) book.set(departed(rolled(account, now), replica))
  }
}

interface Budgets {
  readonly ids: Iterable<string>
  readonly now: Ms
}

function present(book: Book, terms: BudgetTerms, now: Ms): Account {
  const known = book.get(terms.id)
  const account = known ? rolled(known, now) : opened(terms, now)
  if (account !== known) book.set(account)
  return account
}
