import { expect, it } from 'vitest'
import { callTo } from '../test/support/calls.ts'
import { deployment, routing } from '../test/support/settings.ts'
import { refusalOf } from '../test/support/till.ts'
import { wholeAnswer } from './core/answer.ts'
import { plainCaller } from './core/caller.ts'
import { ObjectFrame } from './core/frame.ts'
import { createRouter } from './router.ts'
import { MemoryLimiter } from './state/memory-limiter.ts'
import { FakeClock } from './testing/fake-clock.ts'

it('counts calls to a pool by whatever name they ask for it', async () => {
  const clock = new FakeClock()
  const baseUrl = 'http://127.0.0.1'
  const deployments = [
    deployment({ id: 'd1', pool: 'dear', model: 'large', baseUrl }),
    deployment({ id: 'd2', pool: 'cheap', model: 'small', baseUrl }),
  ]
  const aliases = { costly: { pool: 'dear', hidden: false } }
  const router = createRouter(routing({ deployments, aliases, retries: { count: 0 } }), {
    limits: { limiter: new MemoryLimiter({ clock }), always: [] },
    clock,
    send: async ({ deployment }) => wholeAnswer(deployment, new ObjectFrame([{}], true), {}),
  })
  const limits = [{ level: 'model_per_key', subject: 'k', pool: 'dear', rpm: 4 }] as const
  const ask = (pool: string) => router.answer(callTo(pool, { options: { caller: { ...plainCaller('k'), limits } } }))
  const names = ['dear', 'costly', 'd1', 'large']
  for (const name of names) await ask(name)
  for (const name of names) expect(await refusalOf(ask(name))).toMatchObject({ kind: 'limited' })
  await ask('cheap')
})
