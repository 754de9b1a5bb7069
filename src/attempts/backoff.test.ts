import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoff, MAX_RETRY_AFTER_MS } from './backoff.ts'

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('the wait before a repetition', () => {
  it('is anything from nothing to 0.5 s, 1 s, 2 s ... 8 s', () => {
    const ceiling = (round: number) => backoff({ round, minimumMs: 0, retryAfterMs: undefined }, () => 1)
    expect([1, 2, 3, 4, 5, 6, 2000].map(ceiling)).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000])
    expect(backoff({ round: 3, minimumMs: 0, retryAfterMs: undefined }, () => 0)).toBe(0)
  })

  it('is never shorter than the operator and the upstream say, and never a day long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 0, max: 20_000 }),
        fc.option(fc.double({ min: -10, max: 1e12, noNaN: true }), { nil: undefined }),
        fraction,
        (round, minimumMs, retryAfterMs, random) => {
          const wait = backoff({ round, minimumMs, retryAfterMs }, () => random)
          expect(wait).toBeGreaterThanOrEqual(minimumMs)
          if (retryAfterMs !== undefined)
            expect(wait).toBeGreaterThanOrEqual(Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))
          expect(wait).toBeLessThanOrEqual(Math.max(minimumMs, MAX_RETRY_AFTER_MS) + 1000)
        },
      ),
    )
  })
})
