import { describe, expect, it } from 'vitest'
import { deployment, routing } from '../test/support/settings.ts'
import { Answer, wholeAnswer } from './core/answer.ts'
import type { Attempt } from './core/call.ts'
import type { Deployment } from './core/deployment.ts'
import { Failure } from './core/failure.ts'
import type { Frame } from './core/frame.ts'
import { readBody } from './dialects/openai.ts'
import { LiveRouter } from './live-router.ts'
import { FakeClock } from './testing/fake-clock.ts'

const FRAME: Frame = { bytes: Buffer.from('{}'), objects: [] }

function at(id: string, parts: Partial<Deployment> = {}): Deployment {
  return deployment({ id, pool: 'fast', baseUrl: 'http://127.0.0.1:1', ...parts })
}

/** A router whose upstreams answer at once, or when the test lets them. */
function stage(deployments: readonly Deployment[], settings: Partial<Parameters<typeof routing>[0]> = {}) {
  const clock = new FakeClock()
  const held = new Map<string, Answer>()
  const seen: Attempt[] = []
  const send = async (attempt: Attempt): Promise<Answer> => {
    seen.push(attempt)
    if (!attempt.request.streamed) return wholeAnswer(attempt.deployment, FRAME)
    const answer = new Answer(attempt.deployment, true, { pause() {}, resume() {}, abort() {} })
    answer.push(FRAME, true)
    held.set(attempt.deployment.id, answer)
    return answer
  }
  const router = new LiveRouter(routing({ ...settings, deployments }), { send, clock })
  const change = (next: readonly Deployment[]) => router.replace(routing({ ...settings, deployments: next }))
  const ask = (model: string, streamed = false) =>
    router.answer(
      router.begin(readBody('chat', { model, stream: streamed, messages: [{ role: 'user', content: 'hello' }] })),
    )
  return { router, change, ask, held, seen, clock }
}

describe('a router whose settings change', () => {
  it('sends the next call by the new ones', async () => {
    const { change, ask } = stage([at('a')])
    expect((await ask('fast')).deployment.id).toBe('a')
    change([at('b'), at('c', { pool: 'slow' })])
    expect((await ask('fast')).deployment.id).toBe('b')
    expect((await ask('slow')).deployment.id).toBe('c')
    change([at('c', { pool: 'slow' })])
    await expect(ask('fast')).rejects.toMatchObject({ kind: 'unknown_model' })
  })

  it('lets a call end that is under way at a deployment which is gone', async () => {
    const { change, ask, held } = stage([at('a')])
    const answer = await ask('fast', true)
    change([at('b')])
    const told: string[] = []
    answer.read({ frame: () => told.push('frame') > 0, end: end => void told.push(end.outcome) })
    held.get('a')?.push(FRAME, true)
    held.get('a')?.complete()
    expect(told).toEqual(['frame', 'frame', 'complete'])
  })

  it('counts calls that began before against the limits of a deployment that stays, also with new ones', async () => {
    const one = { selection: { tags: [], tagPatterns: [], maxParallelRequests: 1 } }
    const { router, change, ask, held } = stage([at('a', one)])
    const before = await ask('fast', true)
    before.read({ frame: () => true, end() {} })
    change([at('a', one), at('b', { pool: 'other' })])
    await expect(ask('fast')).rejects.toMatchObject({ kind: 'limited' })
    change([at('a', { selection: { tags: [], tagPatterns: [], maxParallelRequests: 2 } })])
    await expect(ask('fast')).resolves.toMatchObject({ streamed: false })
    held.get('a')?.complete()
    expect(router.pools.ward.find('a')?.inFlight).toBe(0)
  })

  it('remembers who rests, and shows only those that there are', () => {
    const { router, change, clock } = stage([at('a'), at('b')])
    router.pools.ward.restElsewhere('a', 5_000, new Failure('overloaded', 'busy'))
    change([at('a'), at('c')])
    expect(router.health().map(one => [one.deployment.id, one.isWell])).toEqual([
      ['a', false],
      ['c', true],
    ])
    clock.advance(5_001)
    expect(router.health().every(one => one.isWell)).toBe(true)
  })

  it('lets calls wait on for a place that comes free after the change', async () => {
    const one = { selection: { tags: [], tagPatterns: [], maxParallelRequests: 1 } }
    const { change, ask, held, clock } = stage([at('a', one)], { defaultPriority: 1 } as object)
    ;(await ask('fast', true)).read({ frame: () => true, end() {} })
    const waiting = ask('fast')
    await clock.advanceAsync(10)
    change([at('a', one)])
    held.get('a')?.complete()
    await clock.advanceAsync(10)
    await expect(waiting).resolves.toMatchObject({ streamed: false })
  })

  it('keeps nothing of a hundred routers that were replaced', async () => {
    const one = { selection: { tags: [], tagPatterns: [], maxParallelRequests: 1 } }
    const { router, change, ask, held } = stage([at('a', one)], { defaultPriority: 1 } as object)
    for (let round = 0; round < 100; round++) {
      ;(await ask('fast', true)).read({ frame: () => true, end() {} })
      const waiting = ask('fast')
      await Promise.resolve()
      held.get('a')?.complete()
      await waiting
      change([at('a', one)])
    }
    expect(router.pools.ward.find('a')?.siblings.waiting).toBe(0)
    expect(router.pools.ward.find('a')?.siblings.members.size).toBe(1)
  })

  it('goes on probing when the next round would have been, with what is new', async () => {
    const probes = {
      background: true,
      intervalMs: 1_000,
      concurrency: 10,
      steers: false,
      staleMs: 2_000,
      ignoresTransient: false,
      skipsDisabled: false,
    }
    const { router, change, seen, clock } = stage([at('a')], { probes })
    router.prober.start()
    await clock.advanceAsync(600)
    change([at('a'), at('b')])
    await clock.advanceAsync(300)
    expect(seen.map(one => one.deployment.id)).toEqual(['a'])
    await clock.advanceAsync(200)
    expect(seen.map(one => one.deployment.id)).toEqual(['a', 'a', 'b'])
    await router.close()
    await clock.advanceAsync(5_000)
    expect(seen).toHaveLength(3)
  })
})
