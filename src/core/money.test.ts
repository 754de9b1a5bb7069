import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimalToInteger, divideUp, formatUsd, nanoToUsd, usdToNano } from './money.ts'

/** A decimal number as text, and the same as an exact fraction of integers. */
const decimal = fc
  .record({
    negative: fc.boolean(),
    whole: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    fraction: fc.stringMatching(/^[0-9]{0,25}$/),
    exponent: fc.option(fc.integer({ min: -30, max: 30 }), { nil: undefined }),
    upper: fc.boolean(),
  })
  .map(({ negative, whole, fraction, exponent, upper }) => {
    const digits = BigInt(`${whole}${fraction}`)
    const power = (exponent ?? 0) - fraction.length
    const e = exponent === undefined ? '' : `${upper ? 'E' : 'e'}${exponent}`
    return {
      text: `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}${e}`,
      numerator: (negative ? -digits : digits) * (power > 0 ? 10n ** BigInt(power) : 1n),
      denominator: power < 0 ? 10n ** BigInt(-power) : 1n,
    }
  })

const absolute = (value: bigint) => (value < 0n ? -value : value)

describe('dollars as nano-dollars', () => {
  it.each([
    ['0', 0n],
    [0, 0n],
    ['1', 1_000_000_000n],
    [1e-7, 100n],
    ['1e-7', 100n],
    [0.0000375, 37_500n],
    ['.5', 500_000_000n],
    ['5.', 5_000_000_000n],
    [' +2.5 ', 2_500_000_000n],
    ['-0.25', -250_000_000n],
    // Below one unit: away from zero, so that a price is never understated.
    ['1e-10', 1n],
    ['-1e-10', -1n],
    ['0.0000000011', 2n],
    [Number.MIN_VALUE, 1n],
    [1e21, 10n ** 30n],
    [0.1 + 0.2, 300_000_001n],
  ])('reads %s', (usd, nano) => expect(usdToNano(usd)).toBe(nano))

  it.each(['', ' ', '.', 'e5', '1e', '1e1000', '1,5', '$1', '0x10', 'NaN', 'Infinity', '1 2', '--1', '1_000', '١'])(
    'refuses %j',
    text => expect(() => usdToNano(text)).toThrow(RangeError),
  )
  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses the number %s', value =>
    expect(() => usdToNano(value)).toThrow(RangeError),
  )

  it('are the smallest integer that is not less than the exact value', () => {
    fc.assert(
      fc.property(decimal, fc.integer({ min: 0, max: 15 }), ({ text, numerator, denominator }, scale) => {
        const units = absolute(decimalToInteger(text, scale))
        const exact = absolute(numerator) * 10n ** BigInt(scale)
        expect(units * denominator >= exact).toBe(true)
        expect((units - 1n) * denominator < exact || units === 0n).toBe(true)
        expect(decimalToInteger(text, scale) < 0n).toBe(numerator < 0n)
      }),
    )
  })

  it('round up when divided', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        (dividend, divisor) => {
          const quotient = divideUp(dividend, divisor)
          expect(quotient * divisor >= dividend && (quotient - 1n) * divisor < dividend).toBe(true)
        },
      ),
    )
  })
})

describe('nano-dollars as dollars', () => {
  const nano = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n })

  it.each([
    [0n, 9, '0.000000000'],
    [1n, 9, '0.000000001'],
    [-1n, 9, '-0.000000001'],
    [1_500_000_000n, 0, '2'],
    [1_499_999_999n, 0, '1'],
    [50_000n, 6, '0.000050'],
    [999_999_999n, 2, '1.00'],
    [-4n, 2, '0.00'],
  ] as const)('writes %s with %d decimals as %s', (value, digits, text) => expect(formatUsd(value, digits)).toBe(text))

  it('come back unchanged', () => {
    fc.assert(
      fc.property(nano, value => {
        expect(usdToNano(formatUsd(value))).toBe(value)
      }),
    )
  })

  it('are at most half a unit off with fewer decimals', () => {
    fc.assert(
      fc.property(nano, fc.integer({ min: 0, max: 9 }), (value, digits) => {
        const shown = formatUsd(value, digits)
        expect(shown).toMatch(digits === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${digits}}$`))
        expect(absolute(usdToNano(shown) - value) * 2n <= 10n ** BigInt(9 - digits)).toBe(true)
      }),
    )
  })

  it('are the nearest number for telemetry', () => {
    expect(nanoToUsd(37_500n)).toBe(0.0000375)
    expect(nanoToUsd(-1_000_000_001n)).toBe(-1.000000001)
  })
})
