import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChargeSettings, callCharge, WHOLE } from '../core/charge.ts'
import { chargeOf } from './charge.ts'

const settings: ChargeSettings = {
  discounts: { openai: 50_000_000n },
  margins: { anthropic: { share: 100_000_000n, fixed: 500_000n } },
  otherMargin: { share: 20_000_000n, fixed: 0n },
}

describe('a charge', () => {
  it('is the price less the discount plus the margin on what is left', () => {
    expect(chargeOf({ provider: 'openai', cost: 1_000_000n, answered: true }, settings)).toEqual({
      discount: 50_000n,
      discountShare: 50_000_000n,
      margin: 19_000n,
      marginShare: 20_000_000n,
      marginFixed: 0n,
      total: 969_000n,
    })
  })

  it("takes a provider's own margin before the global one, and the fixed amount of answers only", () => {
    expect(chargeOf({ provider: 'anthropic', cost: 10n, answered: true }, settings).total).toBe(500_011n)
    expect(chargeOf({ provider: 'anthropic', cost: 10n, answered: false }, settings).total).toBe(11n)
  })

  it('rounds for the operator, by less than a nano-dollar each way', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n), fc.bigInt(0n, WHOLE), fc.bigInt(0n, 3n * WHOLE), (cost, off, on) => {
        const charge = chargeOf(
          { provider: 'x', cost, answered: true },
          { discounts: { x: off }, margins: { x: { share: on, fixed: 7n } }, otherMargin: { share: 0n, fixed: 0n } },
        )
        const exact = cost * (WHOLE - off) * (WHOLE + on) + 7n * WHOLE * WHOLE
        const excess = charge.total * WHOLE * WHOLE - exact
        expect(charge.total).toBe(cost - charge.discount + charge.margin)
        expect(excess >= 0n).toBe(true)
        expect(excess < WHOLE * (WHOLE + on) + WHOLE * WHOLE).toBe(true)
      }),
    )
  })
})

it('has nothing to sum where nothing is configured', () => {
  expect(callCharge([])).toBeUndefined()
})
