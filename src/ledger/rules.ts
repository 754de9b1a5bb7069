import type { BudgetState, BudgetTerms } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'
import { latestStart, nextReset } from '../core/period.ts'
import type { Crossing } from './authority.ts'

/**
 * The rules of budgets, apart from where accounts are stored: pure functions from an account to the next one. The stores in memory
 * and in SQL share them, so they cannot decide differently. Where nothing changes, a function gives back the same object.
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

/** A lease exceeds the need by at most one part in so many of what is left, so that other replicas can spend the rest. */
const SHARE_OF_REST = 8n

/** How long after a refusal a budget counts as scarce. */
export const SCARCE_MS: Ms = 2000

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

/** What could be lent now. Negative after an overrun or a lowered limit; undefined without a limit. */
export function available({ limit, spent, leased }: BudgetState): NanoUsd | undefined {
  return limit === undefined ? undefined : limit - spent - leased
}

/** Whether `need` can be lent. A limit of 0 refuses every call, also one that costs nothing. */
export function suffices(account: BudgetState, need: NanoUsd): boolean {
  const rest = available(account)
  return rest === undefined || (need <= rest && account.limit !== 0n)
}

/** How much is lent to a replica that needs `need` and would like `want`. To be called when `suffices` allows `need`. */
export function share(account: BudgetState, need: NanoUsd, want: NanoUsd): NanoUsd {
  const rest = available(account)
  if (rest === undefined || want <= need) return need
  const most = (rest - need) / SHARE_OF_REST
  return need + (want - need < most ? want - need : most)
}

/**
 * Lends `amount` to a replica. Only a replica that does not know yet that a limit was removed borrows without one. Its lease is booked
 * all the same: there may be a limit again before its calls end.
 */
export function lent(account: Account, replica: string, amount: NanoUsd): Account {
  if (amount === 0n) return account
  const { live, writtenOff } = leaseOf(account, replica)
  const sums = { spent: account.spent, leased: account.leased + amount }
  return withLease(account, { replica, live: live + amount, writtenOff }, sums)
}

/** Notes that a replica was refused, so that others give back money that they do not use. */
export function wanted(account: Account, now: Ms): Account {
  return account.leased > 0n && account.wantedAt !== now ? { ...account, wantedAt: now } : account
}

/**
 * A call needs more than is left: announces that the limit is reached, once per window. Calls are refused before they pass a limit, so
 * `spent` alone seldom reaches it. Nothing is announced for a call larger than the whole limit, nor while less than half is spent.
 */
export function fellShort(account: Account, need: NanoUsd): { readonly account: Account; readonly crossed?: Crossing } {
  const { limit, spent, windowStart, limitTold } = account
  if (limit === undefined || limit - spent >= need || limitTold === windowStart) return { account }
  if (need > limit || spent * 2n < limit) return { account }
  const next = { ...account, limitTold: windowStart }
  return { account: next, crossed: { budget: stateOf(next), what: 'limit' } }
}

export interface Posting {
  readonly replica: string
  /** The window in which the money was held. Undefined: the present one. */
  readonly windowStart: Ms | undefined
  readonly amount: NanoUsd
  /** The lease does not exist any more. */
  readonly isForgotten?: boolean
}

/**
 * Charges an amount to a lease: first to its written-off part, which counts as spent already, then to its live part. What exceeds both
 * is an overrun, and counts as spent too. A negative amount corrects an earlier charge.
 */
export function charged(account: Account, posting: Posting): Account {
  const { replica, windowStart, amount, isForgotten } = posting
  const isOver = windowStart !== undefined && windowStart !== account.windowStart
  if (isOver && account.limit !== undefined) return account
  if (isOver || windowStart === undefined || isForgotten || amount <= 0n) return spentMore(account, amount)
  const lease = leaseOf(account, replica)
  const booked = least(amount, lease.writtenOff)
  const held = least(amount - booked, lease.live)
  const sums = { spent: account.spent + amount - booked, leased: account.leased - held }
  return withLease(account, { replica, live: lease.live - held, writtenOff: lease.writtenOff - booked }, sums)
}

/** Takes back money that was lent and not needed, at most what is under lease. After the window's end there is none. */
export function givenBack(account: Account, { replica, windowStart, amount }: Posting): Account {
  if (windowStart !== account.windowStart || amount <= 0n) return account
  const lease = leaseOf(account, replica)
  const booked = least(amount, lease.writtenOff)
  const held = least(amount - booked, lease.live)
  const sums = { spent: notNegative(account.spent - booked), leased: account.leased - held }
  return withLease(account, { replica, live: lease.live - held, writtenOff: lease.writtenOff - booked }, sums)
}

/** Books the lease of a dead replica as spent, until it is known what became of the money. */
export function writtenOff(account: Account, replica: string): Account {
  const { live, writtenOff } = leaseOf(account, replica)
  if (live === 0n) return account
  const sums = { spent: account.spent + live, leased: account.leased - live }
  return withLease(account, { replica, live: 0n, writtenOff: writtenOff + live }, sums)
}

/** Undoes `writtenOff` for a replica that is back: the money is under lease again. */
export function revived(account: Account, replica: string): Account {
  const { live, writtenOff } = leaseOf(account, replica)
  if (writtenOff === 0n) return account
  const sums = { spent: notNegative(account.spent - writtenOff), leased: account.leased + writtenOff }
  return withLease(account, { replica, live: live + writtenOff, writtenOff: 0n }, sums)
}

/** Takes back the whole lease of a replica that has posted all its charges, with what was written off. */
export function left(account: Account, replica: string): Account {
  const { live, writtenOff } = leaseOf(account, replica)
  return givenBack(account, { replica, windowStart: account.windowStart, amount: live + writtenOff })
}

/** The limits that were passed and not announced in this window yet, and the account in which they count as announced. */
export function announced(account: Account): { readonly account: Account; readonly crossed: readonly Crossing[] } {
  const { softLimit, limit, spent, windowStart } = account
  const soft = softLimit !== undefined && spent >= softLimit && account.softTold !== windowStart
  const hard = limit !== undefined && spent >= limit && account.limitTold !== windowStart
  if (!soft && !hard) return { account, crossed: [] }
  const next = {
    ...account,
    softTold: soft ? windowStart : account.softTold,
    limitTold: hard ? windowStart : account.limitTold,
  }
  const budget = stateOf(next)
  const crossed: Crossing[] = []
  if (soft) crossed.push({ budget, what: 'soft' })
  if (hard) crossed.push({ budget, what: 'limit' })
  return { account: next, crossed }
}

/** What others may see of an account. */
export function stateOf(account: Account): BudgetState {
  const { spent, leased, windowStart, resetsAt } = account
  return Object.assign(ownTerms(account), { spent, leased, windowStart, resetsAt })
}

/** What a replica has under lease; a lease of nothing when it has none. */
export function leaseOf(account: Account, replica: string): Lease {
  return account.leases.find(lease => lease.replica === replica) ?? { replica, live: 0n, writtenOff: 0n }
}

function withLease(account: Account, lease: Lease, { spent, leased }: Sums): Account {
  const leases = account.leases.filter(({ replica }) => replica !== lease.replica)
  if (lease.live > 0n || lease.writtenOff > 0n) leases.push(lease)
  return { ...account, spent, leased, leases }
}

interface Sums {
  readonly spent: NanoUsd
  readonly leased: NanoUsd
}

function spentMore(account: Account, amount: NanoUsd): Account {
  return amount === 0n ? account : { ...account, spent: notNegative(account.spent + amount) }
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

function least(one: NanoUsd, other: NanoUsd): NanoUsd {
  return one < other ? one : other
}

function notNegative(amount: NanoUsd): NanoUsd {
  return amount < 0n ? 0n : amount
}
