import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { corrected, MINUTE_MS, melted, perMinute, remaining, resetMs, waitMs } from './gcra.ts'

const limits = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10_000_000 }))
/** Steps in time, and how much is asked at each. */
const asks = fc.array(fc.record({ wait: fc.double({ min: 0, max: 90_000, noNaN: true }), quantity: fc.nat(5_000) }), {
  maxLength: 200,
})

describe('the generic cell rate algorithm', () => {
  test('a fresh bucket lets exactly the limit through at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), limit => {
        const rate = perMinute(limit)
        let debt = 0
        for (let taken = 0; taken < limit; taken++) {
          expect(remaining(debt, rate)).toBe(limit - taken)
          expect(waitMs(debt, 1, rate)).toBe(0)
          debt += 1
        }
        expect(remaining(debt, rate)).toBe(0)
        expect(waitMs(debt, 1, rate)).toBeCloseTo(MINUTE_MS / limit, 6)
      }),
    )
  })

  test('never lets more through than the limit and what melts within the time, in any window', () => {
    fc.assert(
      fc.property(limits, asks, (limit, steps) => {
        const rate = perMinute(limit)
        const granted: { at: number; quantity: number }[] = []
        let debt = 0
        let now = 0
        for (const { wait, quantity } of steps) {
          now += wait
          debt = melted(debt, wait, rate)
          if (waitMs(debt, quantity, rate) > 0) continue
          debt += quantity
          granted.push({ at: now, quantity })
        }
        for (const [first, { at: from }] of granted.entries()) {
          let sum = 0
          for (const { at, quantity } of granted.slice(first)) {
            sum += quantity
            expect(sum).toBeLessThanOrEqual((limit + (at - from) * rate.perMs) * (1 + 1e-6))
          }
        }
      }),
    )
  })

  test('after the wait that it tells, and not before, the quantity fits', () => {
    fc.assert(
      fc.property(
        limits,
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (limit, full, part) => {
          const rate = perMinute(limit)
          const debt = full * limit
          const quantity = part * limit
          const wait = waitMs(debt, quantity, rate)
          expect(waitMs(melted(debt, wait, rate), quantity, rate)).toBe(0)
          if (wait > 1) expect(waitMs(melted(debt, wait * 0.99, rate), quantity, rate)).toBeGreaterThan(0)
        },
      ),
    )
  })

  test('no more than the burst is left, however large it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 60, 1e10, 1e12), fc.double({ min: 0, max: 2, noNaN: true }), (limit, full) => {
        const rate = perMinute(limit)
        for (const debt of [full, full * limit]) {
          expect(remaining(debt, rate)).toBeLessThanOrEqual(rate.burst)
          expect(remaining(debt, rate)).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })

  test('what is larger than the limit never fits, and a limit of 0 lets nothing through', () => {
    expect(waitMs(0, 101, perMinute(100))).toBe(Number.POSITIVE_INFINITY)
    expect(waitMs(0, 1, perMinute(0))).toBe(Number.POSITIVE_INFINITY)
    expect(remaining(0, perMinute(0))).toBe(0)
    expect(resetMs(0, perMinute(0))).toBe(0)
  })

  test('a correction moves the debt by the difference, into the red by at most the burst', () => {
    const rate = perMinute(1_000)
    expect(corrected(400, -300, rate)).toBe(100)
    expect(corrected(400, -900, rate)).toBe(0)
    expect(corrected(400, 900, rate)).toBe(1_300)
    expect(waitMs(1_300, 1, rate)).toBeCloseTo(301 / rate.perMs)
    expect(corrected(400, 1_000_000, rate)).toBe(2_000)
    expect(resetMs(2_000, rate)).toBe(2 * MINUTE_MS)
  })

  test('a clock that goes back melts nothing and adds nothing', () => {
    expect(melted(5, -60_000, perMinute(10))).toBe(5)
  })

  test('a debt from a larger limit melts within two minutes, by a clock that stands still too', () => {
    const rate = perMinute(60)
    expect(melted(6_000, 0, rate)).toBe(120)
    expect(melted(6_000, 2 * MINUTE_MS, rate)).toBe(0)
    expect(melted(6_000, 0, perMinute(0))).toBe(0)
  })

  test('a part of a limit is at least one a minute, and lets a large quantity through when nothing is owed', () => {
    expect(perMinute(10, 1 / 100).burst).toBe(1)
    expect(perMinute(0, 1 / 100).burst).toBe(0)
    const part = perMinute(1_000, 1 / 4)
    expect(part.burst).toBe(250)
    expect(waitMs(0, 900, part)).toBe(0)
    expect(waitMs(900, 1, part)).toBeCloseTo((651 / 250) * MINUTE_MS)
    expect(waitMs(0, 1_001, part)).toBe(Number.POSITIVE_INFINITY)
  })
})
