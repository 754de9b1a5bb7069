import type { BudgetState, BudgetTerms } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'
import { latestStart, nextReset } from '../core/period.ts'

/**
 * The rules of budgets, apart from where accounts are stored: pure functions from an account to the next one (here, in leases.ts and in
 * announcements.ts). The stores in memory and in SQL share them, so they cannot decide differently. Where nothing changes, a function
 * gives back the same object.
 */

/** A budget with the leases of its present window. Leases of earlier windows do not count. */
export interface Account extends BudgetState {
  /** The windows in which the soft limit, and the limit, were announced. */
  readonly softTold: Ms | undefined
  readonly limitTold: Ms | undefined
  /** When somebody was last refused money that others had under lease; 0 for never. */
  readonly wantedAt: Ms
  readonly leases: readonly Lease[]
}

/** What one replica has of a budget's present window. */
export interface Lease {
  readonly replica: string
  /** Part of the budget's `leased`. */
  readonly live: NanoUsd
  /** Part of the budget's `spent`: the replica died, and nobody knows what became of it. */
  readonly writtenOff: NanoUsd
}

/**
 * A budget that nobody has charged yet. Its first window begins now, even in the middle of a calendar period. A dropped budget of the
 * same name may still have money under lease: that belongs to an earlier window, and is not counted in this one.
 */
export function opened(terms: BudgetTerms, now: Ms): Account {
  return {
    ...ownTerms(terms),
    spent: 0n,
    leased: 0n,
    windowStart: now,
    resetsAt: nextReset(terms.period, now),
    softTold: undefined,
    limitTold: undefined,
    wantedAt: 0,
    leases: [],
  }
}

/** The account in the window that holds `now`: windows that were missed are skipped at once. */
export function rolled(account: Account, now: Ms): Account {
  if (account.resetsAt === undefined || now < account.resetsAt) return account
  const windowStart = latestStart(account.period, account.resetsAt, now)
  return {
    ...account,
    spent: 0n,
    leased: 0n,
    windowStart,
    resetsAt: nextReset(account.period, windowStart),
    leases: [],
  }
}

/** The account under other terms. What was spent stays; a limit below it makes nothing available. */
export function redefined(account: Account, terms: BudgetTerms, now: Ms): Account {
  const present = rolled(account, now)
  if (sameTerms(present, terms)) return present
  const { spent, leased, windowStart, wantedAt, leases } = present
  const resetsAt = terms.period === present.period ? present.resetsAt : resetAhead(terms, windowStart, now)
  const { softTold, limitTold } = present
  return retold({ ...ownTerms(terms), spent, leased, windowStart, resetsAt, softTold, limitTold, wantedAt, leases })
}

/** The account with `spent` set by hand. That settles what was written off before. */
export function withSpent(account: Account, spent: NanoUsd): Account {
  const leases = account.leases.filter(({ live }) => live > 0n).map(lease => ({ ...lease, writtenOff: 0n }))
  return retold({ ...account, spent, leases })
}

/** What others may see of an account. */
export function stateOf(account: Account): BudgetState {
  const { spent, leased, windowStart, resetsAt } = account
  return Object.assign(ownTerms(account), { spent, leased, windowStart, resetsAt })
}

/** Forgets the announcement of a limit that `spent` is below again, so that the next crossing is announced. */
function retold(account: Account): Account {
  const { spent, softLimit, limit } = account
  const softTold = softLimit !== undefined && spent >= softLimit ? account.softTold : undefined
  const limitTold = limit !== undefined && spent >= limit ? account.limitTold : undefined
  return { ...account, softTold, limitTold }
}

function resetAhead({ period }: BudgetTerms, windowStart: Ms, now: Ms): Ms | undefined {
  const fromStart = nextReset(period, windowStart)
  return fromStart === undefined || fromStart > now ? fromStart : nextReset(period, now)
}

/** The terms alone, without what else an object has. Written out, because spreads cost more here than all the rest. */
function ownTerms({ id, level, subject, name, pool, period, limit, softLimit }: BudgetTerms): BudgetTerms {
  const terms: { -readonly [Name in keyof BudgetTerms]: BudgetTerms[Name] } = { id, level, subject, period, limit }
  if (name !== undefined) terms.name = name
  if (pool !== undefined) terms.pool = pool
  if (softLimit !== undefined) terms.softLimit = softLimit
  return terms
}

function sameTerms(one: BudgetTerms, other: BudgetTerms): boolean {
  return (
    one.level === other.level &&
    one.subject === other.subject &&
    one.name === other.name &&
    one.pool === other.pool &&
    one.period === other.period &&
    one.limit === other.limit &&
    one.softLimit === other.softLimit
  )
}
