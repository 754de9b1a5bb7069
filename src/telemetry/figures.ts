import type { Ms } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'

/**
 * Nano-dollars as a number of dollars, for lines and spans. Both operands are exact below 2^53, so the quotient is the double
 * nearest to the true value, whose shortest decimal form is that value up to 15 digits ($999,999.999999999). A tenth of the
 * cost of formatting the integer and reading it again.
 */
export function dollars(cost: NanoUsd): number {
  return Number(cost) / 1_000_000_000
}

/** The same, rounded half up to eight decimals. */
export function dollarsTo8Decimals(cost: NanoUsd): number {
  return Number((cost + 5n) / 10n) / 100_000_000
}

/** A number while that is exact (up to $9 million in nano-dollars), else a string: never a rounded figure. */
export function exactInteger(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)
}

/** Milliseconds as seconds, to the microsecond. */
export function seconds(ms: Ms): number {
  return Math.round(ms * 1000) / 1_000_000
}

/** Milliseconds to the microsecond; what lies below is noise. */
export function roundMs(ms: Ms): Ms {
  return Math.round(ms * 1000) / 1000
}
