import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  askFor,
  freshLimit,
  limiterContract,
  mustGrant,
  type OpenLimiters,
} from '../../test/support/limiter-contract.ts'
import { hasRedis, type StartRedisOptions, startRedis, type TestRedis } from '../../test/support/redis.ts'
import type { Limiter } from './limiter.ts'
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
