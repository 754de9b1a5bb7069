import { describe, expect, test } from 'vitest'
import { wholeAnswer } from '../core/answer.ts'
import { plainCaller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import type { RoutingSettings } from '../core/settings.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { affinityLayer } from './affinity.ts'
import { attemptOf, boundsOf, callOf, deploymentOf, estimateOf, settingsOf } from './fixtures.ts'
import type { Pool } from './pool.ts'
import { createPools } from './pools.ts'

describe('affinity', () => {
  const affinity = { bySession: true, byKey: true, byPromptCache: true, ttlMs: 1_000, pools: {} }
  const session = { options: { sessionId: 's1', caller: plainCaller('k') } }
  const ten = Array.from({ length: 10 }, (_, index) => deploymentOf(String(index)))

  function remembered(id: string, call = callOf(session), changes: Partial<RoutingSettings> = {}) {
    const clock = new FakeClock()
    const deps = { clock, random: seededRandom(1), estimate: estimateOf, inputTokenBounds: boundsOf }
    const pools = createPools(settingsOf(ten, { affinity, ...changes }), deps)
    const pool = pools.resolve('pool')
    if (!pool) throw new Error('the pool was not made')
    const deployment = ten.find(one => one.id === id) ?? deploymentOf(id)
    pools.affinity?.remember(attemptOf(deployment, clock, call))
    return { clock, pools, pool }
  }

  /** The id of the deployment that a call goes to. */
  function idOf(pool: Pool, call: ReturnType<typeof callOf>): string {
    const choice = pool.choose(call)
    if (!('chosen' in choice)) throw choice.failure
    return choice.chosen.deployment.id
  }

  test('a session goes where it went before, until that is forgotten', () => {
    const { pool, clock } = remembered('7')
    for (let i = 0; i < 20; i++) expect(idOf(pool, callOf(session))).toBe('7')
    const choice = pool.choose(callOf(session))
    expect(choice).toMatchObject({ decision: { strategy: 'session-affinity' } })
    clock.advance(1_000)
    const later = new Set(Array.from({ length: 30 }, () => idOf(pool, callOf(session))))
    expect(later.size).toBeGreaterThan(1)
  })

  test('is a preference: whoever rests is passed over, and the decision says so', () => {
    const { pool, pools, clock } = remembered('7')
    pools.ward.find('7')?.holdOut(clock.monotonic() + 500)
    const choice = pool.choose(callOf(session))
    expect('chosen' in choice && choice.chosen.deployment.id).not.toBe('7')
    expect('chosen' in choice && choice.decision.reason).toBe(
      'shuffled among 9; the one preferred by session-affinity is not available',
    )
  })

  test('a session of another caller is another session', () => {
    const { pool } = remembered('7')
    const other = callOf({ options: { sessionId: 's1', caller: plainCaller('other') } })
    expect(new Set(Array.from({ length: 30 }, () => idOf(pool, other))).size).toBeGreaterThan(1)
  })

  test('a pool may switch it off', () => {
    const off = { bySession: false, byKey: false, byPromptCache: false }
    const { pool } = remembered('7', callOf(session), { affinity: { ...affinity, pools: { pool: off } } })
    expect(new Set(Array.from({ length: 30 }, () => idOf(pool, callOf(session)))).size).toBeGreaterThan(1)
  })

  test('a marked prefix is remembered with its tools, an unmarked tail does not matter', () => {
    const marked = { role: 'system', content: [{ type: 'text', text: 'long', cache_control: { type: 'ephemeral' } }] }
    const prompt = (question: string, tool: string, tokens = 1024) =>
      callOf({ body: { tokens, tools: [{ name: tool }], messages: [marked, { role: 'user', content: question }] } })
    const { pool } = remembered('3', prompt('one', 'x'))
    const seen = (call: ReturnType<typeof prompt>) => new Set(Array.from({ length: 30 }, () => idOf(pool, call)))
    expect(seen(prompt('two', 'x'))).toEqual(new Set(['3']))
    expect(seen(prompt('two', 'y')).size).toBeGreaterThan(1)
    expect(seen(prompt('two', 'x', 1023)).size).toBeGreaterThan(1)
  })

  test('the layer remembers whoever answered, not whoever failed', async () => {
    const { clock, pools } = remembered('7')
    const { affinity } = pools
    if (!affinity) throw new Error('affinity is off')
    const [nine, five] = [ten[9], ten[5]]
    if (!nine || !five) throw new Error('there are ten')
    const answer = wholeAnswer(nine, new ObjectFrame([{}], false))
    await affinityLayer(affinity)(async () => answer)(attemptOf(nine, clock, callOf(session)))
    const refuse = affinityLayer(affinity)(() => Promise.reject(new Failure('overloaded', 'no')))
    await expect(refuse(attemptOf(five, clock, callOf(session)))).rejects.toThrow('no')
    expect(affinity.preferred(callOf(session), 'pool')).toEqual({ id: '9', by: 'session-affinity' })
  })
})
