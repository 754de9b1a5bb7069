import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatUsd, nanoToUsd, usdToNano } from '../core/money.ts'
import { dollars, dollarsTo8Decimals, exactInteger } from './figures.ts'

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

test('an integer is a number only while that is exact', () => {
  expect(exactInteger(2n ** 53n - 1n)).toBe(9_007_199_254_740_991)
  expect(exactInteger(2n ** 53n)).toBe('9007199254740992')
})
