import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../../test/support/redis.ts'
import { systemClock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import { openRedis } from './redis-client.ts'
import { redisExchange } from './redis-exchange.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function redisServer(): Promise<TestRedis> {
  const server = await startRedis()
  closers.push(() => server.stop())
  return server
}

function join({ settings }: TestRedis) {
  const redis = openRedis(settings, { probeMs: [20, 100] })
  const exchange = redisExchange({ redis, self: randomUUID(), clock: systemClock })
  const heard: JsonObject[] = []
  const seen = { heard, missed: 0, gone: 0 }
  exchange.subscribe({
    heard: message => heard.push(message),
    missed: () => {
      seen.missed++
    },
    gone: () => {
      seen.gone++
    },
  })
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    await exchange.close()
    await redis.close()
  }
  closers.push(close)
  return { exchange, seen, close, crash: () => redis.close() }
}

/** Long, because machines may be slow. */
async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 25_000
  while (!holds()) {
    if (Date.now() > end) throw new Error('waited in vain')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

describe.skipIf(!hasRedis())('an exchange over Redis', () => {
  it('finds the others, tells them, and knows when one leaves', async () => {
    const server = await redisServer()
    const replicas = [join(server), join(server), join(server)] as const
    const [first, second, third] = replicas
    await until(() => replicas.every(one => one.exchange.members() === 3))
    expect(replicas.map(one => one.exchange.rank()).sort()).toEqual([0, 1, 2])
    first.exchange.publish({ type: 'x', n: 1 })
    await until(() => second.seen.heard.length > 0 && third.seen.heard.length > 0)
    expect([second.seen.heard, third.seen.heard]).toEqual([[{ type: 'x', n: 1 }], [{ type: 'x', n: 1 }]])
    expect(first.seen.heard).toEqual([])
    await third.close()
    await until(() => first.seen.gone === 1)
    expect(first.exchange.members()).toBe(2)
  })

  it('misses one that has died', { timeout: 40_000 }, async () => {
    const server = await redisServer()
    const [first, second] = [join(server), join(server)]
    await until(() => first.exchange.members() === 2)
    await second.crash()
    await until(() => first.exchange.members() === 1)
    expect(first.seen.gone).toBe(1)
  })

  it('joins again when Redis was away, and is told that something was missed', { timeout: 80_000 }, async () => {
    const server = await redisServer()
    const [first, second] = [join(server), join(server)]
    await until(() => first.exchange.members() === 2 && second.exchange.members() === 2)
    await server.kill()
    await until(() => first.seen.gone === 1 && second.seen.gone === 1)
    expect([first, second].map(({ exchange }) => [exchange.members(), exchange.isApart()])).toEqual([
      [2, true],
      [2, true],
    ])
    first.exchange.publish({ type: 'lost' })
    const before = [first.seen.missed, second.seen.missed]
    await server.restart()
    await until(() => !first.exchange.isApart() && !second.exchange.isApart())
    expect([first.exchange.members(), second.exchange.members()]).toEqual([2, 2])
    expect(first.seen.missed).toBeGreaterThan(before[0] ?? 0)
    expect(second.seen.missed).toBeGreaterThan(before[1] ?? 0)
    second.exchange.publish({ type: 'found' })
    await until(() => first.seen.heard.length > 0)
    expect(first.seen.heard).toEqual([{ type: 'found' }])
    expect(second.seen.heard).toEqual([])
  })

  it('does not mind what others say on its channel', async () => {
    const server = await redisServer()
    const [first, second] = [join(server), join(server)]
    await until(() => first.exchange.members() === 2 && second.exchange.members() === 2)
    for (const text of ['', 'nonsense', '[]', '{"from":1}', '{"message":{}}'])
      server.cli('PUBLISH', 'tollgate:exchange', text)
    second.exchange.publish({ n: 1 })
    await until(() => first.seen.heard.length > 0)
    expect(first.seen.heard).toEqual([{ n: 1 }])
    expect(first.exchange.members()).toBe(2)
  })
})
