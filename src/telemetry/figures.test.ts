import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatUsd, nanoToUsd, usdToNano } from '../core/money.ts'
import {
  billionthsText,
  dollars,
  dollarsTo6DecimalsText,
  dollarsTo8Decimals,
  exactInteger,
  exactText,
} from './figures.ts'

const costs = fc.bigInt({ min: 0n, max: 999_999_999_999_999n })

test('dollars are those that exact arithmetic gives, and lead back to the same integer', () => {
  fc.assert(
    fc.property(costs, cost => {
      expect(dollars(cost)).toBe(nanoToUsd(cost))
      expect(usdToNano(dollars(cost))).toBe(cost)
      expect(dollarsTo8Decimals(cost)).toBe(Number(formatUsd(cost, 8)))
    }),
  )
})

test('dollars to six decimals are those of exact arithmetic', () => {
  const near = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: -2n, max: 2n }))
  const halves = near.map(([micros, off]) => micros * 1000n + 500n + off)
  fc.assert(
    fc.property(fc.oneof(costs, halves, fc.bigInt({ min: -2_000n, max: 2n ** 70n })), cost => {
      expect(dollarsTo6DecimalsText(cost)).toBe(formatUsd(cost, 6))
    }),
    { numRuns: 1_000 },
  )
})

test('an integer is a number only while that is exact', () => {
  expect(exactInteger(2n ** 53n - 1n)).toBe(9_007_199_254_740_991)
  expect(exactInteger(2n ** 53n)).toBe('9007199254740992')
})

test('the text of a number of billionths is that of their quotient', () => {
  const special = [0, -0, 1, 999, 1_000, 999_999_999, 1e9, 1_000_000_010, 1e15 - 1, 1e15, -5, Number.NaN, 1 / 0]
  const values = fc.oneof(fc.constantFrom(...special), fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.maxSafeNat())
  fc.assert(
    fc.property(values, value => {
      expect(billionthsText(value)).toBe(JSON.stringify(value / 1e9))
    }),
    { numRuns: 2_000 },
  )
})

test('the text of an integer is that of the number or the string', () => {
  const near = fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n })
  fc.assert(
    fc.property(fc.oneof(near, costs), value => {
      expect(exactText(value)).toBe(JSON.stringify(exactInteger(value)))
    }),
  )
})
