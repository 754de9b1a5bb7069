import type { Ms } from '../core/clock.ts'
import { formatUsd, type NanoUsd } from '../core/money.ts'

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

const GROUPS = Array.from({ length: 1000 }, (_, group) => String(group).padStart(3, '0'))
const LAST_GROUPS = GROUPS.map(group => group.replace(/0+$/, ''))

/**
 * A number of billionths as JSON has their quotient: the text of `value / 1e9`. Written by groups of three digits, a sixth of
 * what the text of a fraction takes, where the decimals are what JavaScript shows: from a millionth on, up to 15 digits.
 */
export function billionthsText(value: number): string {
  if (!(value >= 1_000 && value < 1e15)) return Number.isFinite(value) ? String(value / 1_000_000_000) : 'null'
  const whole = Math.floor(value / 1_000_000_000)
  const rest = value - whole * 1_000_000_000
  if (rest === 0) return `${whole}`
  const millis = Math.floor(rest / 1_000_000)
  const micros = Math.floor(rest / 1_000) % 1_000
  const nanos = rest % 1_000
  if (nanos !== 0) return `${whole}.${GROUPS[millis]}${GROUPS[micros]}${LAST_GROUPS[nanos]}`
  return micros === 0 ? `${whole}.${LAST_GROUPS[millis]}` : `${whole}.${GROUPS[millis]}${LAST_GROUPS[micros]}`
}

/** The text of `dollars(cost)`. */
export function dollarsText(cost: NanoUsd): string {
  return billionthsText(Number(cost))
}

/** The JSON of `exactInteger(value)`. */
export function exactText(value: bigint): string {
  const rounded = Number(value)
  return rounded <= Number.MAX_SAFE_INTEGER ? `${rounded}` : `"${value}"`
}

/** The text of `formatUsd(cost, 6)`, a quarter of the time: division of large integers is slow. */
export function dollarsTo6DecimalsText(cost: NanoUsd): string {
  const nano = Number(cost)
  if (!(nano >= 0 && nano < 1e14)) return formatUsd(cost, 6)
  const micro = Math.floor((nano + 500) / 1_000)
  const whole = Math.floor(micro / 1_000_000)
  return `${whole}.${GROUPS[Math.floor(micro / 1_000) % 1_000]}${GROUPS[micro % 1_000]}`
}

/** The text of `seconds(ms)`. */
export function secondsText(ms: Ms): string {
  return billionthsText(Math.round(ms * 1000) * 1000)
}
