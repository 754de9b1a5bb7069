import type { BudgetState } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'
import type { Account, Lease } from './account.ts'

/** A lease exceeds the need by at most one part in so many of what is left, so that other replicas can spend the rest. */
const SHARE_OF_REST = 8n

/** How long after a refusal a budget counts as scarce. */
export const SCARCE_MS: Ms = 2000

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
export function amountToLend(account: BudgetState, need: NanoUsd, want: NanoUsd): NanoUsd {
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
export function departed(account: Account, replica: string): Account {
  const { live, writtenOff } = leaseOf(account, replica)
  return givenBack(account, { replica, windowStart: account.windowStart, amount: live + writtenOff })
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

function least(one: NanoUsd, other: NanoUsd): NanoUsd {
  return one < other ? one : other
}

function notNegative(amount: NanoUsd): NanoUsd {
  return amount < 0n ? 0n : amount
}
