import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../test/support/calls.ts'
import { deployment, routing } from '../../test/support/settings.ts'
import { wholeAnswer } from '../core/answer.ts'
import type { Call } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import { createPools } from '../pools/pools.ts'
import { vitalsLayer } from '../pools/vitals-layer.ts'
import { estimates } from '../prices/estimates.ts'
import { inputTokenBounds } from '../prices/index.ts'
import { FakeClock } from '../testing/index.ts'
import { failover } from './failover.ts'
import { isWait, planCall } from './plan.ts'

const only = deployment({
  id: 'd',
  pool: 'a',
  baseUrl: 'http://127.0.0.1:1',
  selection: { tags: [], tagPatterns: [], maxParallelRequests: 1 },
})

/** A pool of one deployment that takes one call at a time, and is busy. */
function scene(draft: Partial<Parameters<typeof routing>[0]> = {}) {
  const clock = new FakeClock()
  const settings = routing({ deployments: [only], ...draft })
  const pools = createPools(settings, { clock, random: () => 0, estimate: estimates(), inputTokenBounds })
  const poolFor = (name: string) => pools.resolve(name) ?? new Failure('unknown_model', 'no such pool')
  const plan = planCall({ ...settings, poolFor, explains: () => false, clock, random: () => 0 })
  const busy = pools.ward.begin(attemptAt(only))
  const free = () => pools.ward.end(busy, { outcome: 'complete' })
  return { clock, pools, plan, free, line: () => pools.resolve('a')?.line }
}

const urgent = (draft: Partial<Call> = {}) => callTo('a', { options: { priority: 1 }, ...draft })

describe('the plan of a call, when nobody has a place for it', () => {
  it('is to wait with a priority, and to go on when its turn has come', () => {
    const { plan, free } = scene()
    const course = plan(urgent())
    const wait = course.next()
    expect(!wait.done && isWait(wait.value) && wait.value.waiting).toMatchObject({ priority: 1, limitMs: 600_000 })
    free()
    const step = course.next()
    expect(!step.done && !isWait(step.value) && step.value.deployment.id).toBe('d')
  })

  it('is to wait again when the place is gone, for what is left of its patience', () => {
    const { plan, clock } = scene()
    const course = plan(urgent({ options: { priority: 1, timeoutMs: 5000 } }))
    course.next()
    clock.advance(2000)
    const again = course.next()
    expect(!again.done && isWait(again.value) && again.value.waiting.limitMs).toBe(3000)
    clock.advance(3000)
    expect(course.next()).toMatchObject({ done: true, value: { kind: 'limited' } })
  })

  it('ends with what it is told when it waited in vain', () => {
    const { plan } = scene()
    const course = plan(urgent())
    course.next()
    const inVain = new Failure('limited', 'no place came free')
    expect(course.next(inVain)).toEqual({ done: true, value: inVain })
  })

  it.each([
    ['without a priority', callTo('a')],
    ['for a silent copy', urgent({ purpose: 'mirror' })],
  ])('is a refusal %s', (_, call) => {
    expect(scene().plan(call).next()).toMatchObject({ done: true, value: { kind: 'limited' } })
  })
})

describe('the walk of a call that waits', () => {
  /** Walks calls whose attempts never end. */
  function walk() {
    const set = scene()
    const begun: string[] = []
    const answer = failover(
      set.plan,
      set.clock,
    )(
      vitalsLayer(
        set.pools.ward,
        set.clock,
      )(attempt => {
        begun.push(attempt.id)
        return begun.length > 1
          ? new Promise(() => {})
          : Promise.resolve(wholeAnswer(only, new ObjectFrame([{}], false)))
      }),
    )
    return { ...set, begun, answer }
  }

  it('notes how long it waited, and takes one place for one call', async () => {
    const { answer, free, clock, begun, line } = walk()
    const calls = ['x', 'y', 'z'].map(id => urgent({ id }))
    const first = answer(calls[0] ?? urgent())
    for (const call of calls.slice(1)) answer(call).catch(() => {})
    clock.advance(1500)
    free()
    await first
    expect(calls[0]?.record.queuedMs).toBe(1500)
    await clock.advanceAsync(0)
    // The first was answered at once, so the second has its place; the third waits on.
    expect(begun).toEqual(['x', 'y'])
    expect(line()?.length).toBe(1)
  })

  it('leaves its turn to the next one when its caller has gone', async () => {
    const { answer, free, clock, begun } = walk()
    const cancellation = new Cancellation()
    const gone = answer(urgent({ id: 'gone', cancellation }))
    const other = answer(urgent({ id: 'other' }))
    free()
    cancellation.cancel(new Failure('cancelled', 'the client left'))
    await expect(gone).rejects.toMatchObject({ kind: 'cancelled' })
    await other
    expect(begun).toEqual(['other'])
    await clock.advanceAsync(0)
  })
})
