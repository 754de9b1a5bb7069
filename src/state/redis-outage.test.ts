import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { askFor, freshLimit, mustGrant } from '../../test/support/limiter-contract.ts'
import { hasRedis, startRedis, type TestRedis } from '../../test/support/redis.ts'
import { systemClock } from '../core/clock.ts'
import { REDIS_DEFAULTS } from '../core/redis-settings.ts'
import { Secret } from '../core/secret.ts'
import type { Limiter } from './limiter.ts'
import { openRedis, type RedisClient } from './redis-client.ts'
import { redisExchange } from './redis-exchange.ts'
import { redisLimiter } from './redis-limiter.ts'

/** Waits for what will surely be, however busy the machine is. */
const patient = { timeout: 30_000, interval: 20 }

describe.skipIf(!hasRedis())('while Redis is away', () => {
  let server: TestRedis
  let redis: RedisClient
  let limiter: Limiter
  let faults: (string | undefined)[]
  const rejections: unknown[] = []
  const note = (reason: unknown) => rejections.push(reason)

  beforeAll(async () => {
    process.on('unhandledRejection', note)
    server = await startRedis()
  }, 60_000)
  afterAll(async () => {
    process.off('unhandledRejection', note)
    expect(rejections).toEqual([])
    await server.stop()
  })
  beforeEach(async () => {
    faults = []
    const settings = { ...server.settings, connectTimeoutMs: 10_000 }
    redis = openRedis(settings, { probeMs: [20, 200], onFault: reason => faults.push(reason) })
    expect(await redis.ready()).toBe(true)
    limiter = redisLimiter({ redis, replica: 'one', leaseMs: 2_000 })
  })
  afterEach(async () => {
    await limiter.close()
    await redis.close()
  })
  const isUp = () => expect.poll(() => redis.up, patient).toBe(true)

  test('stopped: calls go on at once by the own part, and are counted when it is back', async () => {
    const limit = freshLimit({ rpm: 10, parallel: 20 })
    await server.kill()
    await expect.poll(() => redis.up, patient).toBe(false)
    const admissions = Array.from({ length: 12 }, () => limiter.admit(askFor([limit])))
    // Nothing is waited for: the answers are there, not promises of them.
    expect(admissions.some(admission => admission instanceof Promise)).toBe(false)
    const granted = (await Promise.all(admissions)).filter(admission => admission.granted)
    expect(granted).toHaveLength(10)
    await server.restart()
    await isUp()
    // The ten are owed to Redis now, and their places are held there.
    await expect
      .poll(() => server.cli('ZCARD', `tollgate:{tollgate}:limits:places:key|${limit.subject}`), patient)
      .toBe('10')
    expect((await limiter.admit(askFor([limit]))).granted).toBe(false)
    for (const admission of granted) if (admission.granted) limiter.settle(admission, 0)
    await expect
      .poll(() => server.cli('ZCARD', `tollgate:{tollgate}:limits:places:key|${limit.subject}`), patient)
      .toBe('0')
    expect(faults.at(0)).toEqual(expect.any(String))
    expect(faults.at(-1)).toBeUndefined()
  })

  test('slow: one wait at most is as long as the bound, and what was counted too late is not counted twice', async () => {
    const limit = freshLimit({ rpm: 100, tpm: 10_000, parallel: 50 })
    await mustGrant(limiter, askFor([limit], { tokens: 100 }))
    server.pause(3_000)
    const first = await mustGrant(limiter, askFor([limit], { tokens: 100 }))
    expect(redis.up).toBe(false)
    const second = limiter.admit(askFor([limit], { tokens: 100 }))
    expect(second).not.toBeInstanceOf(Promise)
    await isUp()
    const third = await mustGrant(limiter, askFor([limit], { tokens: 100 }))
    // Four in all, however long it took: what melted meanwhile may only have made it more.
    const [standing] = third.standings
    expect(standing?.remainingRequests).toBeGreaterThanOrEqual(96)
    expect(standing?.remainingTokens).toBeGreaterThanOrEqual(9_600)
    limiter.settle(first, 100)
    limiter.settle(third, 100)
    if (!(second instanceof Promise) && second.granted) limiter.settle(second, 100)
    // The first is under way still.
    await expect
      .poll(() => server.cli('ZCARD', `tollgate:{tollgate}:limits:places:key|${limit.subject}`), patient)
      .toBe('1')
  })

  test('slow: what a call did not use goes back once', async () => {
    const limit = freshLimit({ tpm: 60_000, parallel: 50 })
    await mustGrant(limiter, askFor([limit], { tokens: 30_000 }))
    const unused = await mustGrant(limiter, askFor([limit], { tokens: 20_000 }))
    server.pause(1_000)
    limiter.settle(unused, 0)
    await expect.poll(() => redis.up, patient).toBe(false)
    await isUp()
    // 30,000 are owed, less what has melted: 1,000 a second.
    const { standings } = await mustGrant(limiter, askFor([limit], { tokens: 0 }))
    expect(standings[0]?.remainingTokens).toBeGreaterThanOrEqual(30_000)
    expect(standings[0]?.remainingTokens).toBeLessThan(45_000)
  })

  test('slow: the place of a call that ended meanwhile is free when it is back', async () => {
    const lasting = redisLimiter({ redis, replica: 'two', leaseMs: 600_000 })
    const limit = freshLimit({ parallel: 1 })
    const ended = await mustGrant(lasting, askFor([limit]))
    server.pause(2_000)
    await lasting.admit(askFor([freshLimit({ rpm: 1 })]))
    expect(redis.up).toBe(false)
    lasting.settle(ended, 0)
    await isUp()
    await expect.poll(async () => (await lasting.admit(askFor([limit]))).granted, patient).toBe(true)
    await lasting.close()
  })

  test('slow: a call that was counted too late, and has ended before, has no place', async () => {
    const lasting = redisLimiter({ redis, replica: 'two', leaseMs: 600_000 })
    const limit = freshLimit({ parallel: 1 })
    server.pause(2_000)
    lasting.settle(await mustGrant(lasting, askFor([limit])), 0)
    expect(redis.up).toBe(false)
    await isUp()
    await expect.poll(async () => (await lasting.admit(askFor([limit]))).granted, patient).toBe(true)
    await lasting.close()
  })

  test('slow twice: a call that began in the first silence and ended in the second has no place any more', async () => {
    const limit = freshLimit({ parallel: 1 })
    const silent = async () => {
      server.pause(2_000)
      await limiter.admit(askFor([freshLimit({ rpm: 1 })]))
      expect(redis.up).toBe(false)
    }
    await silent()
    const ended = await mustGrant(limiter, askFor([limit]))
    await isUp()
    await silent()
    limiter.settle(ended, 0)
    await isUp()
    await expect.poll(async () => (await limiter.admit(askFor([limit]))).granted, patient).toBe(true)
  })

  test('full: what cannot be written is counted here, and nothing waits', async () => {
    const limit = freshLimit({ rpm: 1_000 })
    server.cli('CONFIG', 'SET', 'maxmemory', '1')
    await mustGrant(limiter, askFor([limit]))
    expect(redis.up).toBe(false)
    await mustGrant(limiter, askFor([limit]))
    server.cli('CONFIG', 'SET', 'maxmemory', '0')
    await isUp()
    await expect
      .poll(async () => (await mustGrant(limiter, askFor([limit]))).standings[0]?.remainingRequests, patient)
      .toBeLessThanOrEqual(998)
  })

  test('gives a part of the limit when there were several replicas', async () => {
    const other = openRedis(server.settings)
    await other.ready()
    const neighbour = redisLimiter({ redis: other, replica: 'two', leaseMs: 2_000 })
    // The next beat of this replica tells how many there are.
    await expect.poll(() => server.cli('ZCARD', 'tollgate:{tollgate}:limits:replicas'), patient).toBe('2')
    await new Promise(resolve => setTimeout(resolve, 1_500))
    await server.kill()
    await expect.poll(() => redis.up, patient).toBe(false)
    const limit = freshLimit({ rpm: 10 })
    const admissions = await Promise.all(Array.from({ length: 10 }, () => limiter.admit(askFor([limit]))))
    expect(admissions.filter(admission => admission.granted)).toHaveLength(5)
    await neighbour.close()
    await other.close()
    await server.restart()
  })
})

describe('a Redis that is not there', () => {
  test('keeps nobody waiting, and no password is told', async () => {
    const password = new Secret('correct-horse-battery')
    const told: unknown[] = []
    const place = { kind: 'url', url: new Secret(`redis://me:${password.reveal()}@127.0.0.1:1/0`) } as const
    const settings = { ...REDIS_DEFAULTS, place }
    const redis = openRedis(settings, { onFault: reason => told.push(reason) })
    const limiter = redisLimiter({ redis, replica: 'one' })
    expect(limiter.admit(askFor([freshLimit({ rpm: 1 })]))).toMatchObject({ granted: true })
    told.push(await redis.run('GET', ['x']).catch(error => error))
    await expect.poll(() => told.length, patient).toBeGreaterThan(1)
    expect(inspect([told, redis, settings, limiter], { depth: 10, showHidden: true })).not.toContain(password.reveal())
    await limiter.close()
    await redis.close()
  })

  test.each(['not a url', 'http://u:hunter2222@host', 'redis://u:hunter2222@host/notanumber'])(
    'refuses %s without showing it',
    url => {
      const settings = { ...REDIS_DEFAULTS, place: { kind: 'url', url: new Secret(url) } } as const
      expect(() => openRedis(settings)).toThrow(/Redis/)
      try {
        openRedis(settings)
      } catch (error) {
        expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain('hunter2222')
      }
    },
  )
})

describe.skipIf(!hasRedis())('a Redis that does not let us do all that is needed', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  }, 60_000)
  afterAll(() => server.stop())

  test.each([
    ['run scripts', ['&*', '+@all', '-@scripting']],
    ['tell others', ['resetchannels', '+@all']],
    ['write', ['&*', '+@all', '-@write']],
  ])('%s: that is said once, and all is counted here', async (_, rules) => {
    server.cli('ACL', 'SETUSER', 'me', 'reset', 'on', '>right-right-right', '~*', ...rules)
    const told: unknown[] = []
    const user = { username: 'me', password: new Secret('right-right-right') }
    const settings = { ...server.settings, ...user, connectTimeoutMs: 100 }
    const redis = openRedis(settings, { probeMs: [20, 20], onFault: reason => told.push(reason) })
    const limiter = redisLimiter({ redis, replica: 'one' })
    const exchange = redisExchange({ redis, self: 'one', clock: systemClock })
    await expect.poll(() => told.length, patient).toBe(1)
    for (let probes = 0; probes < 20; probes++) {
      await mustGrant(limiter, askFor([freshLimit({ rpm: 1 })]))
      await new Promise(resolve => setTimeout(resolve, 25))
    }
    expect(told).toEqual([expect.stringMatching(/NOPERM|can't run/)])
    expect(redis.up).toBe(false)
    await exchange.close()
    await limiter.close()
    await redis.close()
  })
})

describe.skipIf(!hasRedis())('a Redis with a password', () => {
  test('that is wrong is told without it, and that is right lets in', async () => {
    const password = new Secret('right-right-right')
    const server = await startRedis({ password: password.reveal() })
    const told: unknown[] = []
    const wrong = openRedis(
      { ...server.settings, password: new Secret('wrong-wrong-wrong') },
      { onFault: reason => told.push(reason) },
    )
    await expect.poll(() => told.length, patient).toBeGreaterThan(0)
    told.push(await wrong.run('GET', ['x']).catch(error => error))
    expect(inspect(told, { depth: 10, showHidden: true })).not.toContain('wrong-wrong-wrong')
    await wrong.close()
    const right = openRedis({ ...server.settings, password, connectTimeoutMs: 10_000, commandTimeoutMs: 10_000 })
    expect(await right.ready()).toBe(true)
    expect(await right.run('PING', [])).toBe('PONG')
    await right.close()
    await server.stop()
  })
})
