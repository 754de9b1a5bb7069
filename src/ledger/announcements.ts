import type { NanoUsd } from '../core/money.ts'
import { type Account, stateOf } from './account.ts'
import type { Crossing } from './authority.ts'

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
