import { expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { exchangesOverRedis } from './redis-exchange.fixture.ts'

async function scene() {
  const clock = new FakeClock()
  const redis = exchangesOverRedis(clock)
  const join = (name: string) => {
    const exchange = redis.start(name)
    const seen = { exchange, missed: 0, gone: [] as string[] }
    exchange.subscribe({
      heard: () => {},
      gone: replica => seen.gone.push(replica),
      missed: () => {
        seen.missed++
      },
    })
    return seen
  }
  const replicas = [join('a'), join('b'), join('c')] as const
  await clock.advanceAsync(2_000)
  const members = () => replicas.map(({ exchange }) => exchange.members())
  const apart = () => replicas.map(({ exchange }) => exchange.isApart())
  return { clock, redis, replicas, members, apart }
}

it('counts the others as they were while Redis is away, and knows nothing of what they have in hand', async () => {
  const { clock, redis, replicas, members, apart } = await scene()
  expect([members(), apart()]).toEqual([
    [3, 3, 3],
    [false, false, false],
  ])
  redis.go()
  await clock.advanceAsync(600_000)
  expect([members(), apart()]).toEqual([
    [3, 3, 3],
    [true, true, true],
  ])
  expect(replicas.map(({ exchange }) => exchange.rank())).toEqual([0, 1, 2])
  expect(replicas[0].gone.sort()).toEqual(['b', 'c'])
  const before = replicas.map(({ missed }) => missed)
  redis.comeBack()
  await clock.advanceAsync(2_000)
  expect([members(), apart()]).toEqual([
    [3, 3, 3],
    [false, false, false],
  ])
  for (const [index, { missed }] of replicas.entries()) expect(missed).toBeGreaterThan(before[index] ?? 0)
})

it('drops those who left meanwhile when Redis is back and they are not', async () => {
  const { clock, redis, replicas, members } = await scene()
  redis.go()
  await clock.advanceAsync(10_000)
  await replicas[2].exchange.close()
  expect(members()).toEqual([3, 3, 3])
  redis.comeBack()
  await clock.advanceAsync(5_000)
  // Others may find Redis later.
  expect(replicas[0].exchange.members()).toBe(3)
  expect(replicas[0].exchange.isApart()).toBe(true)
  await clock.advanceAsync(10_000)
  expect(replicas[0].exchange.members()).toBe(2)
  expect(replicas[0].exchange.isApart()).toBe(false)
})

it('tells all again when something could not be sent, though Redis was away for less than a beat', async () => {
  const { clock, redis, replicas } = await scene()
  const before = replicas.map(({ missed }) => missed)
  redis.go()
  replicas[0].exchange.publish({ type: 'lost' })
  await clock.advanceAsync(10)
  redis.comeBack()
  await clock.advanceAsync(10)
  for (const [index, { missed }] of replicas.entries()) expect(missed).toBeGreaterThan(before[index] ?? 0)
})
