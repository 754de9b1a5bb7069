import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { limiterContract } from '../../test/support/limiter-contract.ts'
import type { PriorityShares, RateLimit } from '../core/caller.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { Admission, Granted } from './limiter.ts'
import { MemoryLimiter } from './memory-limiter.ts'

const key = (limit: Partial<RateLimit>): RateLimit => ({ level: 'key', subject: 'k', ...limit })
let count = 0
const ask = (limits: readonly RateLimit[], tokens = 0, priority?: string) => ({
  id: `call-${count++}`,
  limits,
  tokens,
  ...(priority !== undefined && { priority }),
})

function granted(admission: Admission): Granted {
  if (!admission.granted) throw new Error(`refused by ${admission.what}`)
  return admission
}

describe('the limiter of one process', () => {
  test('takes from all limits or from none', () => {
    const limiter = new MemoryLimiter({ clock: new FakeClock() })
    const wide = key({ rpm: 100, tpm: 10_000 })
    const narrow: RateLimit = { level: 'team', subject: 't', rpm: 2, parallel: 10 }
    limiter.admit(ask([wide, narrow], 10))
    limiter.admit(ask([wide, narrow], 10))
    const refused = limiter.admit(ask([wide, narrow], 10))
    expect(refused).toMatchObject({ granted: false, limit: narrow, what: 'requests', retryAfterMs: 30_000 })
    expect(refused.standings).toMatchObject([
      { remainingRequests: 98, remainingTokens: 9_980 },
      { remainingRequests: 0, remainingParallel: 8 },
    ])
  })

  test('counts what a long call has used, though all that it took has melted away meanwhile', () => {
    const clock = new FakeClock()
    const limiter = new MemoryLimiter({ clock })
    const long = key({ tpm: 1_000 })
    const call = granted(limiter.admit(ask([long], 10)))
    clock.advance(30_000)
    for (let other = 0; other < 5; other++) limiter.admit(ask([key({ subject: `other${other}`, rpm: 5 })]))
    limiter.settle(call, 410)
    expect(limiter.admit(ask([long])).standings).toMatchObject([{ remainingTokens: 600 }])
  })

  test('gives the longest wait when several limits are in the way', () => {
    const limiter = new MemoryLimiter({ clock: new FakeClock() })
    const quick = key({ rpm: 60 })
    const slow: RateLimit = { level: 'team', subject: 't', rpm: 1 }
    for (let taken = 0; taken < 60; taken++) limiter.admit(ask([quick]))
    limiter.admit(ask([slow]))
    expect(limiter.admit(ask([quick, slow]))).toMatchObject({ limit: slow, retryAfterMs: 60_000 })
  })

  test('holds a place until the call is settled, once', () => {
    const limiter = new MemoryLimiter({ clock: new FakeClock() })
    const limit = key({ parallel: 2 })
    const first = granted(limiter.admit(ask([limit])))
    limiter.admit(ask([limit]))
    expect(limiter.admit(ask([limit]))).toMatchObject({ granted: false, what: 'parallel', retryAfterMs: undefined })
    limiter.settle(first, 0)
    limiter.settle(first, 0)
    expect(limiter.admit(ask([limit]))).toMatchObject({ granted: true, standings: [{ remainingParallel: 0 }] })
    expect(limiter.admit(ask([limit])).granted).toBe(false)
  })

  test('corrects the estimate by what was used', () => {
    const clock = new FakeClock()
    const limiter = new MemoryLimiter({ clock })
    const limit = key({ tpm: 1_000 })
    limiter.settle(granted(limiter.admit(ask([limit], 800))), 100)
    limiter.settle(granted(limiter.admit(ask([limit], 800))), 1_400)
    // 100 and 1,400 were used: 500 too many, and 1 more is asked for.
    expect(limiter.admit(ask([limit], 1))).toMatchObject({ what: 'tokens', retryAfterMs: 60 * 501 })
    clock.advance(60 * 501)
    expect(limiter.admit(ask([limit], 1)).granted).toBe(true)
  })

  test('says never to what is larger than the limit', () => {
    const limiter = new MemoryLimiter({ clock: new FakeClock() })
    expect(limiter.admit(ask([key({ tpm: 100 })], 101))).toMatchObject({ retryAfterMs: Number.POSITIVE_INFINITY })
    expect(limiter.admit(ask([key({ parallel: 0 })]))).toMatchObject({ retryAfterMs: Number.POSITIVE_INFINITY })
  })

  test('counts limits of the same level, subject and pool together, and a changed limit goes on from there', () => {
    const limiter = new MemoryLimiter({ clock: new FakeClock() })
    limiter.admit(ask([key({ rpm: 2 })]))
    expect(limiter.admit(ask([key({ rpm: 3 })])).standings).toMatchObject([{ remainingRequests: 1 }])
    expect(limiter.admit(ask([key({ rpm: 3, pool: 'gpt' })])).standings).toMatchObject([{ remainingRequests: 2 }])
  })

  test('forgets what is whole again', () => {
    const clock = new FakeClock()
    const limiter = new MemoryLimiter({ clock })
    for (let user = 0; user < 1_000; user++) limiter.admit(ask([key({ subject: `user-${user}`, rpm: 60 })]))
    expect(limiter.size).toBe(1_000)
    clock.advance(2_000)
    for (let user = 0; user < 1_000; user++) limiter.admit(ask([key({ subject: `other-${user}`, rpm: 60 })]))
    expect(limiter.size).toBeLessThan(1_100)
  })

  test('never remembers more than it may, except for calls under way', () => {
    const limiter = new MemoryLimiter({ clock: new FakeClock(), maxEntries: 100 })
    for (let user = 0; user < 1_000; user++) limiter.admit(ask([key({ subject: `user-${user}`, rpm: 60 })]))
    // The newest one is looked at with the next.
    expect(limiter.size).toBeLessThanOrEqual(101)
  })

  test('all or none: refusals change nothing, and what is granted never passes any limit', () => {
    const steps = fc.array(
      fc.record({ which: fc.integer({ min: 1, max: 7 }), tokens: fc.nat(400), wait: fc.nat(5_000) }),
      {
        maxLength: 100,
      },
    )
    const three: readonly RateLimit[] = [
      key({ rpm: 7, tpm: 1_000 }),
      { level: 'team', subject: 't', rpm: 20, tpm: 700 },
      { level: 'user', subject: 'u', rpm: 3 },
    ]
    fc.assert(
      fc.property(steps, taken => {
        const clock = new FakeClock()
        const limiter = new MemoryLimiter({ clock })
        for (const { which, tokens, wait } of taken) {
          const limits = three.filter((_, index) => which & (1 << index))
          const first = limiter.admit(ask(limits, tokens))
          const second = first.granted ? undefined : limiter.admit(ask(limits, tokens))
          // A refusal changes nothing: asked again at the same moment, the answer is the same.
          if (second) expect(second).toEqual(first)
          for (const { limit, remainingRequests = 0, remainingTokens = 0 } of first.standings) {
            expect(remainingRequests).toBeGreaterThanOrEqual(0)
            expect(remainingRequests).toBeLessThanOrEqual(limit.rpm ?? 0)
            expect(remainingTokens).toBeLessThanOrEqual(limit.tpm ?? 0)
          }
          clock.advance(wait)
        }
      }),
    )
  })
})

describe('shares by priority', () => {
  const shares: PriorityShares = { reserved: { prod: 0.9, dev: 0.1 }, otherwise: 0.25, saturation: 0.5 }
  const limit: RateLimit = { level: 'gateway', subject: 'pool', pool: 'gpt', rpm: 100, shares }

  test('what nobody else uses is lent until the limit is saturated', () => {
    const limiter = new MemoryLimiter({ clock: new FakeClock() })
    const dev = take(limiter, 100, 'dev')
    // Half by borrowing, and its own ten are used up by it.
    expect(dev).toBe(50)
    expect(take(limiter, 100, 'prod')).toBe(50)
  })

  test('when it is saturated each priority has its own part', () => {
    const clock = new FakeClock()
    const limiter = new MemoryLimiter({ clock })
    take(limiter, 200, 'dev')
    take(limiter, 200, 'prod')
    const served = { dev: 0, prod: 0 }
    for (let second = 0; second < 600; second++) {
      clock.advance(1_000)
      served.dev += take(limiter, 5, 'dev')
      served.prod += take(limiter, 5, 'prod')
    }
    // In ten minutes 1,000 in all.
    expect(served.prod).toBeGreaterThan(880)
    expect(served.dev).toBeGreaterThan(90)
    expect(served.dev + served.prod).toBeLessThanOrEqual(1_010)
  })

  test('those without a priority of their own share one part', () => {
    const limiter = new MemoryLimiter({ clock: new FakeClock() })
    take(limiter, 100, 'prod')
    const none = { ...limit, shares: { ...shares, saturation: 0 } }
    const fresh = new MemoryLimiter({ clock: new FakeClock() })
    let served = 0
    for (let index = 0; index < 100; index++) {
      const { granted } = fresh.admit(ask([none], 0, index % 2 ? 'unheard-of' : undefined))
      if (granted) served++
    }
    expect(served).toBe(25)
  })

  test('no priority can take what is not there', () => {
    const steps = fc.array(fc.record({ priority: fc.constantFrom('prod', 'dev', 'x'), wait: fc.nat(2_000) }), {
      maxLength: 300,
    })
    fc.assert(
      fc.property(steps, taken => {
        const clock = new FakeClock()
        const limiter = new MemoryLimiter({ clock })
        let served = 0
        for (const { priority, wait } of taken) {
          served += take(limiter, 3, priority)
          clock.advance(wait)
          expect(served).toBeLessThanOrEqual(100 + (clock.monotonic() * 100) / 60_000 + 1e-6)
        }
      }),
    )
  })

  function take(limiter: MemoryLimiter, times: number, priority: string): number {
    let served = 0
    for (let index = 0; index < times; index++) if (limiter.admit(ask([limit], 0, priority)).granted) served++
    return served
  }
})

const together = new MemoryLimiter()
limiterContract('memory', async clients => Array.from({ length: clients }, () => together))
