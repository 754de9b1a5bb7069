import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Chaos } from '../support/chaos.ts'
import { ensureBuilt } from '../support/child.ts'
import type { ClientCall } from '../support/clients.ts'
import { figures } from '../support/figures.ts'
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts'

/** Nothing here may depend on how fast a machine is: only what never ends fails. */
const LONG = { timeout: 200_000 }

describe.runIf(hasRedis())('Redis that goes away under load', LONG, () => {
  let redis: TestRedis
  let chaos: Chaos
  let key: string
  beforeAll(async () => {
    await ensureBuilt()
    redis = await startRedis()
    const redisUrl = `redis://127.0.0.1:${redis.port}`
    chaos = await Chaos.start({ redisUrl, count: 2, upstream: { chunks: 3 } })
    // Limits that are asked for at every call, and never reached.
    key = await chaos.replicas.key({ rpm_limit: 1_000_000, tpm_limit: 100_000_000, max_budget: 100 })
  }, 200_000)
  afterAll(async () => {
    await chaos?.close()
    await redis?.stop()
  })

  const underLoad = (work: () => Promise<unknown>) =>
    chaos.underLoad(work, { clients: 4, ask: turn => ({ ...chaos.mixed(turn), key }) })

  function tell(name: string, calls: readonly ClientCall[]): void {
    const took = calls.map(({ tookMs = 0 }) => tookMs).sort((one, other) => one - other)
    const at = (share: number) => (took[Math.floor(took.length * share)] ?? 0).toFixed(1)
    figures(name, { calls: took.length, p50: at(0.5), p99: at(0.99), longest: at(0.9999) })
  }

  const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

  it('answers every call while it is stopped, slow, and there again', async () => {
    tell('Redis is there', await underLoad(() => sleep(2_000)))
    const stopped = await underLoad(async () => {
      await redis.kill()
      const from = chaos.clients.calls.length
      await sleep(500)
      const since = chaos.clients.calls.length
      await sleep(1_500)
      tell('Redis is gone: the first 500 ms', chaos.clients.calls.slice(from, since))
      tell(
        'Redis is gone: after that',
        chaos.clients.calls.slice(since).filter(({ end }) => end !== undefined),
      )
      await redis.restart()
    })
    const slow = await underLoad(async () => {
      const from = chaos.clients.calls.length
      redis.pause(2_000)
      await sleep(500)
      const since = chaos.clients.calls.length
      await sleep(1_400)
      tell('Redis stands still: the first 500 ms', chaos.clients.calls.slice(from, since))
      tell(
        'Redis stands still: after that',
        chaos.clients.calls.slice(since).filter(({ end }) => end !== undefined),
      )
      await sleep(600)
    })
    for (const calls of [stopped, slow]) expect(calls.filter(({ end }) => end !== 'complete')).toEqual([])
    expect(await chaos.settled()).toEqual([])
  })

  it('limits as it should afterwards: over both processes together', async () => {
    const few = await chaos.replicas.key({ rpm_limit: 10 })
    let answered: number[] = []
    // How soon it is used again is its own affair: each round asks with a key that has not been used.
    for (let round = 0; round < 20 && answered.length !== 10; round++) {
      const fresh = round === 0 ? few : await chaos.replicas.key({ rpm_limit: 10 })
      const urls = chaos.replicas.all.map(({ url }) => url)
      const calls = await Promise.all(
        Array.from({ length: 30 }, (_, turn) => chaos.call({ url: urls[turn % urls.length] ?? '', key: fresh })),
      )
      expect(calls.filter(({ status }) => status !== 200 && status !== 429)).toEqual([])
      answered = calls.flatMap(({ status }) => (status === 200 ? [200] : []))
      if (answered.length !== 10) await sleep(500)
    }
    expect(answered).toHaveLength(10)
  })

  it('leaves the books as they should be', async () => {
    expect(await chaos.finish()).toEqual([])
  })
})
