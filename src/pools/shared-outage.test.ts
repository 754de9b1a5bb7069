import { describe, expect, it } from 'vitest'
import type { Deployment } from '../core/deployment.ts'
import { exchangesOverRedis } from '../state/redis-exchange.fixture.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { attemptOf, boundsOf, callOf, complete, deploymentOf, estimateOf, settingsOf, strategyOf } from './fixtures.ts'
import { createPools } from './pools.ts'
import { shareVitals } from './shared-vitals.ts'
import { Ward } from './ward.ts'

const MINUTE_MS = 60_000

/** Three replicas that tell each other over Redis, at the beginning of a minute. */
async function scene(deployment: Deployment) {
  const clock = new FakeClock()
  const random = seededRandom(1)
  const settings = settingsOf([deployment], { strategy: strategyOf('usage-based-routing') })
  const redis = exchangesOverRedis(clock)
  const open = (name: string) => {
    const ward = new Ward(settings, clock)
    shareVitals(ward, { exchange: redis.start(name), clock })
    const pools = createPools(settings, { clock, random, estimate: estimateOf, inputTokenBounds: boundsOf, ward })
    /** Sends a call, if there is room for it. Gives back what ends it. */
    return () => {
      const choice = pools.resolve('pool')?.choose(callOf())
      if (!choice || !('chosen' in choice) || choice.lastResort) return undefined
      const ticket = ward.begin(attemptOf(choice.chosen.deployment, clock))
      return () => ward.end(ticket, complete)
    }
  }
  const replicas = ['a', 'b', 'c'].map(open)
  await clock.advanceAsync(MINUTE_MS - (clock.now() % MINUTE_MS))
  /** How many calls get through until so long after the minute's begin when all are asked as often as can be. */
  const through = async (untilMs: number) => {
    let count = 0
    while (clock.now() % MINUTE_MS < untilMs) {
      for (const begin of replicas) {
        const end = begin()
        if (end) count++
        end?.()
      }
      await clock.advanceAsync(250)
    }
    return count
  }
  return { clock, redis, replicas, through }
}

describe('while Redis is away', () => {
  it('the replicas together keep to the requests per minute of a deployment, and use them', async () => {
    const { clock, redis, through } = await scene(deploymentOf('a', { selection: { rpm: 60 } }))
    let first = await through(1_000)
    redis.go()
    first += await through(59_000)
    expect(first).toBeLessThanOrEqual(62)
    for (let minute = 0; minute < 2; minute++) {
      await clock.advanceAsync(1_000)
      expect(await through(59_000)).toBe(60)
    }
  })

  it('each has its part of the calls in flight, whoever had them before', async () => {
    const { clock, redis, replicas } = await scene(deploymentOf('a', { selection: { maxParallelRequests: 9 } }))
    const [one, two, three] = replicas
    for (let i = 0; i < 4; i++) one?.()
    await clock.advanceAsync(1_000)
    redis.go()
    await clock.advanceAsync(10_000)
    expect(Array.from({ length: 9 }, () => one?.()).filter(Boolean)).toHaveLength(0)
    expect(Array.from({ length: 9 }, () => two?.()).filter(Boolean)).toHaveLength(3)
    expect(Array.from({ length: 9 }, () => three?.()).filter(Boolean)).toHaveLength(3)
  })

  it('the limit is kept while it comes back, and used when it is there', async () => {
    const { clock, redis, through } = await scene(deploymentOf('a', { selection: { rpm: 60 } }))
    redis.go()
    await through(59_000)
    await clock.advanceAsync(1_000)
    let count = await through(20_000)
    redis.comeBack()
    count += await through(59_000)
    expect(count).toBeLessThanOrEqual(62)
    await clock.advanceAsync(1_000)
    const last = await through(59_000)
    expect(last).toBeGreaterThanOrEqual(57)
    expect(last).toBeLessThanOrEqual(62)
  })
})
