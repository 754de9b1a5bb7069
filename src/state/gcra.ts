import type { Ms } from '../core/clock.ts'

/**
 * The generic cell rate algorithm in the form of a leaky bucket: what was taken is a debt that melts away evenly. Sources:
 * ATM Forum, Traffic Management Specification 4.0, which shows this form and that of the theoretical arrival time to be the
 * same; Brandur Leach, "Rate Limiting, Cells, and GCRA", and redis-cell. With the emission interval T = 60,000 ms / limit,
 * the theoretical arrival time is `at + debt * T`. The debt is kept instead, because counts stay exact in it where times of
 * day lose digits, and because it outlives a change of the limit.
 */
export interface Rate {
  /** Melts per millisecond: 1 / T. */
  readonly perMs: number
  /** So much may be taken at once when nothing was taken before. */
  readonly burst: number
  /** No single quantity may be larger. Where it passes the burst, it is let through when nothing is owed. */
  readonly most: number
  /** No more is owed, however much was taken when the limit was larger. */
  readonly ceiling: number
}

/** So many per minute; a part of it for one of several who do not know of each other: at least one a minute. */
export function perMinute(limit: number, part = 1): Rate {
  const mine = part === 1 ? limit : Math.min(limit, Math.max(limit * part, 1))
  return { perMs: mine / MINUTE_MS, burst: mine, most: limit, ceiling: Math.max(2 * mine, limit) }
}

/** What is left of a debt after a while. */
export function melted(debt: number, elapsedMs: Ms, { perMs, ceiling }: Rate): number {
  const owed = Math.min(debt, ceiling)
  return elapsedMs <= 0 ? owed : Math.max(0, owed - elapsedMs * perMs)
}

/** How long until the quantity may be taken: 0 for now, Infinity for never. */
export function waitMs(debt: number, quantity: number, rate: Rate): Ms {
  if (quantity > rate.most) return Number.POSITIVE_INFINITY
  const room = Math.max(rate.burst, quantity)
  const over = debt + quantity - room
  // A debt that has just melted far enough may be too large by a rounding.
  return over <= room * ROUNDING ? 0 : over / rate.perMs
}

/** How much may be taken at once. */
export function remaining(debt: number, { burst }: Rate): number {
  return Math.min(burst, Math.max(0, Math.floor(burst - debt + debt * ROUNDING)))
}

/** How long until nothing is owed. */
export function resetMs(debt: number, { perMs }: Rate): Ms {
  return debt === 0 ? 0 : debt / perMs
}

/**
 * The debt after it turned out that more or less was used than was taken. It may pass the burst, and then nobody gets
 * anything for a while, but by no more than the burst again: one large answer shuts its owner out for a minute, not for
 * an hour.
 */
export function corrected(debt: number, difference: number, { burst, most }: Rate): number {
  return Math.max(0, Math.min(debt + difference, Math.max(debt, 2 * burst, most)))
}

export const MINUTE_MS: Ms = 60_000

const ROUNDING = 1e-9
