import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  askFor,
  freshLimit,
  limiterContract,
  mustGrant,
  type OpenLimiters,
} from '../../test/support/limiter-contract.ts'
import { hasRedis, type StartRedisOptions, startRedis, type TestRedis } from '../../test/support/redis.ts'
import type { PriorityShares, RateLimit } from '../core/caller.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { Granted, Limiter } from './limiter.ts'
import { MemoryLimiter } from './memory-limiter.ts'
import { openRedis, type RedisClient } from './redis-client.ts'
import { redisLimiter } from './redis-limiter.ts'

const here = hasRedis()
let server: TestRedis | undefined
const opened: { limiter: Limiter; redis: RedisClient }[] = []

function theServer(): TestRedis {
  if (!server) throw new Error('Redis was not started')
  return server
}

/** Patient, because these tests are about counts, where a wait that is given up is another matter. */
async function openOne(patienceMs = 10_000, leaseMs = 15_000): Promise<{ limiter: Limiter; redis: RedisClient }> {
  const settings = { ...theServer().settings, commandTimeoutMs: patienceMs, connectTimeoutMs: 10_000 }
  const redis = openRedis(settings, { probeMs: [20, 100] })
  expect(await redis.ready()).toBe(true)
  const one = { redis, limiter: redisLimiter({ redis, replica: `replica-${opened.length}`, leaseMs }) }
  opened.push(one)
  return one
}

const open: OpenLimiters = async clients => {
  const all = await Promise.all(Array.from({ length: clients }, () => openOne()))
  return all.map(({ limiter }) => limiter)
}

async function closeAll(): Promise<void> {
  for (const { limiter, redis } of opened.splice(0)) {
    await limiter.close()
    await redis.close()
  }
}

function withRedis(options: StartRedisOptions = {}): void {
  beforeAll(async () => {
    server = await startRedis(options)
  }, 60_000)
  afterEach(closeAll)
  afterAll(() => server?.stop())
}

/**
 * Quantities are such that what melts within a second changes nothing, and that no call fits into a lot, which is at most 23 tokens
 * here: one of no tokens is let through by a lot although the limit was passed since the lot was taken.
 */
const steps = fc.array(
  fc.record({
    which: fc.integer({ min: 1, max: 7 }),
    tokens: fc.integer({ min: 1, max: 12 }).map(count => count * 50),
    priority: fc.constantFrom('prod', 'dev', 'other'),
    settle: fc.option(fc.record({ index: fc.nat(10), used: fc.integer({ min: 0, max: 20 }).map(count => count * 50) })),
  }),
  { minLength: 5, maxLength: 30 },
)
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never

async function decisions(limiter: Limiter, limits: readonly RateLimit[], taken: readonly Step[]): Promise<unknown[]> {
  const told: unknown[] = []
  const granted: Granted[] = []
  for (const { which, tokens, priority, settle } of taken) {
    const bounds = limits.filter((_, index) => which & (1 << index))
    const admission = await limiter.admit(askFor(bounds, { tokens, priority }))
    if (admission.granted) granted.push(admission)
    told.push({
      // Of two that are in the way equally long, the time that goes by here decides which one is told.
      outcome: admission.granted ? 'granted' : 'refused',
      left: admission.standings.map(({ remainingRequests, remainingTokens = 0, remainingParallel }) => [
        remainingRequests,
        Math.floor(remainingTokens / 50),
        remainingParallel,
      ]),
    })
    const [one] = settle ? granted.splice(settle.index, 1) : []
    if (settle && one) limiter.settle(one, settle.used)
  }
  return told
}

describe.skipIf(!here)('over one Redis', () => {
  withRedis()
  limiterContract('Redis', open)

  test('what one client takes the others miss', async () => {
    const [one, other] = await open(2)
    const limit = freshLimit({ rpm: 2, parallel: 5 })
    if (!one || !other) throw new Error('no limiters')
    await mustGrant(one, askFor([limit]))
    const { standings } = await mustGrant(other, askFor([limit]))
    expect(standings).toMatchObject([{ remainingRequests: 0, remainingParallel: 3 }])
  })

  test('the places of a process that died come free, those of one that lives do not', async () => {
    const dead = await openOne(10_000, 300)
    const alive = await openOne(10_000, 300)
    const limit = freshLimit({ parallel: 2 })
    const other = freshLimit({ parallel: 1 })
    await mustGrant(dead.limiter, askFor([limit]))
    await mustGrant(alive.limiter, askFor([limit]))
    await mustGrant(alive.limiter, askFor([other]))
    // It is cut off as by SIGKILL: nothing is given back.
    await dead.redis.close()
    await expect.poll(async () => (await alive.limiter.admit(askFor([limit]))).granted, { timeout: 10_000 }).toBe(true)
    await new Promise(resolve => setTimeout(resolve, 700))
    expect((await alive.limiter.admit(askFor([other]))).granted).toBe(false)
  })

  test('keys expire by themselves', async () => {
    const { limiter } = await openOne()
    const limit = freshLimit({ rpm: 10, tpm: 100, parallel: 2 })
    await mustGrant(limiter, askFor([limit], { tokens: 5 }))
    const keys = theServer().cli('KEYS', `*${limit.subject}*`).split('\n')
    expect(keys).toHaveLength(2)
    for (const key of keys) expect(Number(theServer().cli('PTTL', key))).toBeGreaterThan(0)
  })

  test('decides as the limiter in memory does, whatever is asked', async () => {
    const { limiter } = await openOne()
    await fc.assert(
      fc.asyncProperty(steps, async taken => {
        const shares: PriorityShares = { reserved: { prod: 0.9, dev: 0.1 }, otherwise: 0.25, saturation: 0.5 }
        const limits = [
          freshLimit({ rpm: 12, tpm: 1_000, parallel: 7 }),
          freshLimit({ level: 'gateway', rpm: 20, tpm: 2_000, shares }),
          freshLimit({ level: 'team', tpm: 1_500 }),
        ]
        const memory = new MemoryLimiter({ clock: new FakeClock() })
        const start = performance.now()
        const told = await decisions(limiter, limits, taken)
        // Above, nothing melts; here no more than what is too small to change a decision, unless the machine stood still.
        fc.pre(performance.now() - start < 1_000)
        expect(told).toEqual(await decisions(memory, limits, taken))
      }),
      { numRuns: 40 },
    )
  })

  test('takes ahead of calls what the limiter in memory does', async () => {
    const { limiter } = await openOne()
    const wanted = fc.record({
      requests: fc.integer({ min: -5, max: 60 }),
      tokens: fc.integer({ min: -100, max: 9_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(wanted, { minLength: 1, maxLength: 12 }), async wants => {
        // With places, so that nothing else is taken ahead than what is said here.
        const limits = [
          freshLimit({ rpm: 1_200, tpm: 120_000, parallel: 50 }),
          freshLimit({ level: 'team', rpm: 600, parallel: 50 }),
          freshLimit({ level: 'user', tpm: 60_000, parallel: 50 }),
        ]
        const memory = new MemoryLimiter({ clock: new FakeClock() })
        const start = performance.now()
        for (const want of wants) {
          const ask = { ...askFor(limits, { tokens: 100 }), ahead: limits.map(() => want) }
          const [there, here] = [await mustGrant(limiter, ask), await mustGrant(memory, ask)]
          // What has melted there, and one for each time that it was rounded otherwise.
          const seconds = (performance.now() - start) / 1_000
          fc.pre(seconds < 2)
          for (const [index, { limit, remainingRequests = 0, remainingTokens = 0 }] of there.standings.entries()) {
            const other = here.standings[index]
            const [requests, tokens] = [
              remainingRequests - (other?.remainingRequests ?? 0),
              remainingTokens - (other?.remainingTokens ?? 0),
            ]
            expect(Math.abs(requests)).toBeLessThanOrEqual(((limit.rpm ?? 0) / 60) * seconds + wants.length)
            expect(Math.abs(tokens)).toBeLessThanOrEqual(((limit.tpm ?? 0) / 60) * seconds + wants.length)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  test('is asked for few of the many calls of a large limit', async () => {
    const { limiter } = await openOne()
    const limits = [freshLimit({ rpm: 640_000, tpm: 64_000_000 })]
    const scripts = () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(theServer().cli('INFO', 'commandstats'))?.[1] ?? 0)
    const before = scripts()
    for (let call = 0; call < 500; call++) {
      const granted = await mustGrant(limiter, askFor(limits, { tokens: 100 }))
      limiter.settle(granted, 20)
    }
    expect(scripts() - before).toBeLessThan(100)
  })

  test('goes on when Redis has forgotten its scripts', async () => {
    const { limiter } = await openOne()
    const limit = freshLimit({ rpm: 2 })
    await mustGrant(limiter, askFor([limit]))
    theServer().cli('SCRIPT', 'FLUSH')
    expect((await mustGrant(limiter, askFor([limit]))).standings).toMatchObject([{ remainingRequests: 0 }])
  })
})

describe.skipIf(!here)('over a cluster of Redis', () => {
  withRedis({ cluster: true })
  limiterContract('a cluster', open)
})

describe.skipIf(!here)('over TLS', () => {
  withRedis({ tls: true })

  test('counts', async () => {
    const [one, other] = await open(2)
    const limit = freshLimit({ rpm: 1 })
    if (!one || !other) throw new Error('no limiters')
    await mustGrant(one, askFor([limit]))
    expect((await other.admit(askFor([limit]))).granted).toBe(false)
  })
})
