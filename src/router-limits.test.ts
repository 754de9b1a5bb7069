import { describe, expect, it } from 'vitest'
import { callTo } from '../test/support/calls.ts'
import { deployment, routing } from '../test/support/settings.ts'
import { refusalOf } from '../test/support/till.ts'
import { wholeAnswer } from './core/answer.ts'
import { plainCaller, type RateLimit } from './core/caller.ts'
import { ObjectFrame } from './core/frame.ts'
import type { RoutingSettings } from './core/settings.ts'
import { createRouter } from './router.ts'
import { MemoryLimiter } from './state/memory-limiter.ts'
import { FakeClock } from './testing/fake-clock.ts'

const baseUrl = 'http://127.0.0.1'
const deployments = [
  deployment({ id: 'd1', pool: 'dear', model: 'large', baseUrl }),
  deployment({ id: 'd2', pool: 'cheap', model: 'small', baseUrl }),
]

/** A router of two pools, and a caller of it with these limits. */
function scene(changes: Partial<RoutingSettings>, limits: readonly RateLimit[]) {
  const clock = new FakeClock()
  const router = createRouter(routing({ deployments, retries: { count: 0 }, ...changes }), {
    limits: { limiter: new MemoryLimiter({ clock }), always: [] },
    clock,
    send: async ({ deployment }) => wholeAnswer(deployment, new ObjectFrame([{}], true), {}),
  })
  let count = 0
  return (pool: string) => {
    const call = callTo(pool, { id: `${++count}`, options: { caller: { ...plainCaller('k'), limits } } })
    return { call, answer: router.answer(call) }
  }
}

const dear = { level: 'model_per_key', subject: 'k', pool: 'dear' } as const

it('counts calls to a pool by whatever name they ask for it', async () => {
  const ask = scene({ aliases: { costly: { pool: 'dear', hidden: false } } }, [{ ...dear, rpm: 4 }])
  const names = ['dear', 'costly', 'd1', 'large']
  for (const name of names) await ask(name).answer
  for (const name of names) expect(await refusalOf(ask(name).answer)).toMatchObject({ kind: 'limited' })
  await ask('cheap').answer
})

describe('a limit of a pool', () => {
  const settings: Partial<RoutingSettings> = {
    tiers: {
      tiered: {
        cheap: 'cheap',
        capable: 'dear',
        costThreshold: 0n,
        latencyThresholdMs: 1_000,
        assumedOutputTokens: 256,
      },
    },
    auto: { auto: { by: 'task', pools: { default: 'dear' }, classifierTimeoutMs: 1_000, keywords: {} } },
    groups: { best: { by: 'priority', ranks: [['dear'], ['cheap']] } },
  }

  it.each(['auto', 'tiered', 'best'])('binds calls that come there by a name that chooses: %s', async name => {
    const ask = scene(settings, [
      { level: 'key', subject: 'k', rpm: 100 },
      { ...dear, rpm: 2 },
    ])
    const first = ask(name)
    await first.answer
    expect(first.call.record.standings).toMatchObject([{ remainingRequests: 99 }, { remainingRequests: 1 }])
    await ask('dear').answer
    expect(await refusalOf(ask(name).answer)).toMatchObject({ kind: 'limited', code: 'requests' })
    const last = ask('cheap')
    await last.answer
    // Each call was counted once by the key's own limit.
    expect(last.call.record.standings).toMatchObject([{ remainingRequests: 96 }])
  })

  it('gives its place back when such a call has ended', async () => {
    const ask = scene(settings, [
      { level: 'key', subject: 'k', parallel: 1 },
      { ...dear, parallel: 1 },
    ])
    for (let i = 0; i < 3; i++) await ask('auto').answer
  })
})
