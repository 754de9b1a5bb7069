import type { RateLimit } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import { MINUTE_MS, type Rate, waitMs } from './gcra.ts'

/** The part of a shared limit that calls of one priority have to themselves. */
export interface Share {
  /** The priority, or the empty text for all who have none of their own. */
  readonly name: string
  readonly part: number
  readonly saturation: number
}

/** Undefined where the limit is not shared by priority. */
export function shareOf({ shares }: RateLimit, priority: string | undefined): Share | undefined {
  if (!shares) return undefined
  const { reserved, otherwise, saturation } = shares
  const own = priority !== undefined && Object.hasOwn(reserved, priority) ? reserved[priority] : undefined
  if (priority === undefined || own === undefined) return { name: '', part: otherwise, saturation }
  return { name: priority, part: own, saturation }
}

/** A part of a rate. A single quantity may be as large as for the whole, when nothing is owed; of no part nothing is had. */
export function partOf({ perMs, burst, most }: Rate, part: number): Rate {
  const mine = perMs * part
  return { perMs: mine, burst: burst * part, most: part > 0 ? most : 0, ceiling: mine * FORGIVEN_MS }
}

/** What a limit and one share of it owe. */
export interface SharedDebt {
  readonly whole: number
  readonly own: number
}

/** Whether the quantity would make the limit so full that only the own part may be used. */
function isSaturated(debt: number, quantity: number, { rate, share }: { rate: Rate; share: Share }): boolean {
  return debt + quantity > share.saturation * rate.burst
}

/** How long until the quantity fits into the whole and, where that is saturated, into the own part or below saturation. */
export function sharedWaitMs(debt: SharedDebt, quantity: number, of: { rate: Rate; share: Share }): Ms {
  const { rate, share } = of
  const whole = waitMs(debt.whole, quantity, rate)
  if (!isSaturated(debt.whole, quantity, of)) return whole
  const own = waitMs(debt.own, quantity, partOf(rate, share.part))
  const free = share.saturation * rate.burst
  const calm = quantity > free ? Number.POSITIVE_INFINITY : (debt.whole + quantity - free) / rate.perMs
  return Math.max(whole, Math.min(own, calm))
}

/**
 * What the own part owes after a taking. What is borrowed from others fills the part and does no more: a priority that
 * used what nobody wanted has its own part again as soon as somebody does. After ten minutes everything is forgiven.
 */
export function ownDebt(debt: SharedDebt, quantity: number, of: { rate: Rate; share: Share }): number {
  const { burst, ceiling } = partOf(of.rate, of.share.part)
  const borrowed = !isSaturated(debt.whole, quantity, of)
  const owed = borrowed ? Math.max(debt.own, Math.min(debt.own + quantity, burst)) : debt.own + quantity
  return Math.min(owed, ceiling)
}

/** A share's debt is melted after so long, however small the share. */
const FORGIVEN_MS: Ms = 10 * MINUTE_MS
