import type { BudgetState, BudgetTerms } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'
import { latestStart, nextReset } from '../core/period.ts'
import type { Crossing } from './authority.ts'

/**
 * What the authority decides, without saying where it keeps its books: functions from an account to the next one, so that
 * memory and SQL cannot decide differently. Nothing here reads a clock or a table. An account that does not change is the
 * same object.
 */

/** A budget and what of its present window is lent. Leases of earlier windows mean nothing any more. */
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

/** Of what would be welcome beyond the need, at most one part in so many of what is left: the last cent can be spent. */
const SHARE_OF_REST = 8n

/** How long after a refusal a budget counts as scarce. */
export const SCARCE_MS: Ms = 2000

/**
 * A budget that nobody has charged yet. Its first window begins now, also within the calendar's: what is still lent of one of the same
 * name that was dropped belongs to another window, and is not taken for money of this one.
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

/** The account with another sum of what was spent, set by hand. What was written off before is settled by it. */
export function withSpent(account: Account, spent: NanoUsd): Account {
  const leases = account.leases.filter(({ live }) => live > 0n).map(lease => ({ ...lease, writtenOff: 0n }))
  return retold({ ...account, spent, leases })
}

/** What could be lent now; negative after overruns or a lowered limit. Undefined: as much as anybody likes. */
export function available({ limit, spent, leased }: BudgetState): NanoUsd | undefined {
  return limit === undefined ? undefined : limit - spent - leased
}

/** Whether so much can be lent. A limit of 0 lets nothing through, not even what costs nothing. */
export function suffices(account: BudgetState, need: NanoUsd): boolean {
  const rest = available(account)
  return rest === undefined || (need <= rest && account.limit !== 0n)
}

/** How much is lent to who needs `need` and would like `want`, where `need` suffices. */
export function share(account: BudgetState, need: NanoUsd, want: NanoUsd): NanoUsd {
  const rest = available(account)
  if (rest === undefined || want <= need) return need
  const most = (rest - need) / SHARE_OF_REST
  return need + (want - need < most ? want - need : most)
}

/**
 * Lends. A budget that has no limit is only asked by replicas that have not heard so yet: it is booked all the same, since it may have
 * one again before their calls end.
 */
export function lent(account: Account, replica: string, amount: NanoUsd): Account {
  if (amount === 0n) return account
  const { live, writtenOff } = leaseOf(account, replica)
  const sums = { spent: account.spent, leased: account.leased + amount }
  return withLease(account, { replica, live: live + amount, writtenOff }, sums)
}

/** Notes that somebody was refused, so that whoever has idle money gives it back. */
export function wanted(account: Account, now: Ms): Account {
  return account.leased > 0n && account.wantedAt !== now ? { ...account, wantedAt: now } : account
}

/**
 * The same, and that its limit is told to be passed: since no call passes it, it is seldom spent to the last. A call that not even an
 * unused budget would let through tells nothing, nor one that is too large for what is left of one that is not half spent.
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
  /** The lease is not there any more. */
  readonly isForgotten?: boolean
}

/**
 * Charges what was held under a lease. First what is written off, which is booked as spent already; then what is lent;
 * what is more than that is an overrun, and spent all the same. Negative amounts set earlier charges right.
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

/** Takes back what was lent and not needed; no more than there is. Of a window that is over, nothing is left to take. */
export function givenBack(account: Account, { replica, windowStart, amount }: Posting): Account {
  if (windowStart !== account.windowStart || amount <= 0n) return account
  const lease = leaseOf(account, replica)
  const booked = least(amount, lease.writtenOff)
  const held = least(amount - booked, lease.live)
  const sums = { spent: notNegative(account.spent - booked), leased: account.leased - held }
  return withLease(account, { replica, live: lease.live - held, writtenOff: lease.writtenOff - booked }, sums)
}

/** Books what a dead replica has under lease as spent, until somebody finds out what became of it. */
export function writtenOff(account: Account, replica: string): Account {
  const { live, writtenOff } = leaseOf(account, replica)
  if (live === 0n) return account
  const sums = { spent: account.spent + live, leased: account.leased - live }
  return withLease(account, { replica, live: 0n, writtenOff: writtenOff + live }, sums)
}

/** A replica that was thought dead is there again: what was booked as spent is under lease as before. */
export function revived(account: Account, replica: string): Account {
  const { live, writtenOff } = leaseOf(account, replica)
  if (writtenOff === 0n) return account
  const sums = { spent: notNegative(account.spent - writtenOff), leased: account.leased + writtenOff }
  return withLease(account, { replica, live: live + writtenOff, writtenOff: 0n }, sums)
}

/** Takes back all that a replica has left, also what was written off: its charges are all posted. */
export function left(account: Account, replica: string): Account {
  const { live, writtenOff } = leaseOf(account, replica)
  return givenBack(account, { replica, windowStart: account.windowStart, amount: live + writtenOff })
}

/** Which limits the account has passed and nobody was told of in this window, and the account that knows that they were. */
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

/** What is below a limit again is announced again. */
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
