import { describe, expect, it } from 'vitest'
import { callTo } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Answer, type Source, wholeAnswer } from '../core/answer.ts'
import type { Attempt, Call } from '../core/call.ts'
import type { Emit } from '../core/event.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import { FakeClock } from '../testing/index.ts'
import { failover } from './failover.ts'
import type { Plan, Step } from './plan.ts'

const left = new Failure('cancelled', 'the client left')
const broken = new Failure('upstream_error', 'broken')
const told = new Failure('unavailable', 'nobody is left')

const stepTo = (id: string, call: Call, waitMs = 0): Step => {
  const chosen = deployment({ id, pool: 'a', baseUrl: 'http://127.0.0.1:1' })
  const decision = { pool: 'a', strategy: 'test', chosen, reason: 'it is next', considered: [] }
  return { pool: 'a', deployment: chosen, decision, waitMs, request: call.request }
}

/** Walks steps with these waits; each attempt does what `send` does. */
function scene(waits: readonly number[], send: (attempt: Attempt) => Promise<Answer>) {
  const clock = new FakeClock()
  const heard: (Failure | undefined)[] = []
  const attempts: Attempt[] = []
  const emitted: string[] = []
  function* plan(call: Call): Plan {
    for (const [index, wait] of waits.entries()) heard.push(yield stepTo(`d${index + 1}`, call, wait))
    return told
  }
  const answer = failover(
    plan,
    clock,
  )(attempt => {
    attempts.push(attempt)
    return send(attempt)
  })
  const call = callTo('a', { emit: event => emitted.push(event.type) })
  return { clock, heard, attempts, emitted, call, answer }
}

const NO_SOURCE: Source = { pause() {}, resume() {}, abort() {} }
const whole = (attempt: Attempt) => wholeAnswer(attempt.deployment, new ObjectFrame([{}], false))

describe('the walk through a plan', () => {
  it('gives the first answer there is, and tells the plan of each failure', async () => {
    const { answer, call, heard, attempts, emitted } = scene([0, 0, 0], async attempt => {
      if (attempt.number < 3) throw broken
      return whole(attempt)
    })
    expect((await answer(call)).deployment.id).toBe('d3')
    expect(heard).toEqual([broken, broken])
    expect(attempts.map(({ number, attempt }) => [number, attempt.id])).toEqual([
      [1, 'call-1'],
      [2, 'call-2'],
      [3, 'call-3'],
    ])
    expect(call.record.attempts).toEqual(attempts.map(({ attempt }) => attempt))
    expect(call.record.decisions.map(({ chosen }) => chosen.id)).toEqual(['d1', 'd2', 'd3'])
    expect(emitted).toEqual(['route', 'route', 'route'])
  })

  it("begins an attempt's time when its choice has been told, so that a trace shows them in order", async () => {
    const { answer, call, attempts, clock } = scene([0], async attempt => whole(attempt))
    let toldAt: number | undefined
    const emit: Emit = () => {
      toldAt = clock.monotonic()
      clock.advance(1)
    }
    await answer({ ...call, emit })
    expect(attempts[0]?.attempt.start).toBeGreaterThan(toldAt ?? Number.POSITIVE_INFINITY)
  })

  it('ends with the failure that the plan ends with', async () => {
    const { answer, call } = scene([0], () => Promise.reject(broken))
    await expect(answer(call)).rejects.toBe(told)
  })

  it('names whatever else was thrown', async () => {
    const { answer, call, heard } = scene([0], () => {
      throw new TypeError('a bug')
    })
    await expect(answer(call)).rejects.toBe(told)
    expect(heard[0]).toMatchObject({ kind: 'internal', message: 'a bug' })
  })

  it('waits before a step, without a timer left behind', async () => {
    const { answer, call, clock, attempts } = scene([0, 500], async attempt => {
      if (attempt.number === 1) throw broken
      return whole(attempt)
    })
    const answered = answer(call)
    await clock.advanceAsync(499)
    expect(attempts).toHaveLength(1)
    await clock.advanceAsync(1)
    await answered
    expect(attempts[1]?.attempt.start).toBe(500)
    expect(clock.timers).toBe(0)
  })
})

describe('a cancellation', () => {
  it('before the first step dials nobody', async () => {
    const { answer, call, attempts } = scene([0], async attempt => whole(attempt))
    call.cancellation.cancel(left)
    await expect(answer(call)).rejects.toBe(left)
    expect(attempts).toEqual([])
  })

  it('during a wait ends it, and dials nobody more', async () => {
    const { answer, call, clock, attempts, emitted } = scene([0, 1000], () => Promise.reject(broken))
    const answered = answer(call)
    await clock.advanceAsync(10)
    call.cancellation.cancel(left)
    await expect(answered).rejects.toBe(left)
    expect({ attempts: attempts.length, timers: clock.timers, routes: emitted.length }).toEqual({
      attempts: 1,
      timers: 0,
      routes: 1,
    })
  })

  it('during an attempt reaches it, and ends the walk whatever the attempt then says', async () => {
    const { answer, call, attempts, heard } = scene(
      [0, 0],
      attempt =>
        new Promise((_, reject) => {
          attempt.cancellation.onCancel(() => reject(broken))
        }),
    )
    const answered = answer(call)
    call.cancellation.cancel(left)
    await expect(answered).rejects.toBe(left)
    expect({ attempts: attempts.length, heard }).toEqual({ attempts: 1, heard: [] })
  })

  it('of one attempt does not touch the next one', async () => {
    const { answer, call, attempts } = scene([0, 0], async attempt => {
      if (attempt.number === 2) return whole(attempt)
      attempt.cancellation.cancel(broken)
      throw broken
    })
    await answer(call)
    expect(attempts.map(({ cancellation }) => cancellation.reason)).toEqual([broken, undefined])
    expect(call.cancellation.reason).toBeUndefined()
  })

  it('reaches an answer that flows, and not one that has ended', async () => {
    const flowing: Answer[] = []
    const { answer, call, attempts } = scene([0], async attempt => {
      const streamed = new Answer(attempt.deployment, true, NO_SOURCE)
      flowing.push(streamed)
      return streamed
    })
    const gone = scene([0], async attempt => whole(attempt))
    await gone.answer(gone.call)
    gone.call.cancellation.cancel(left)
    expect(gone.attempts[0]?.cancellation.reason).toBeUndefined()

    await answer(call)
    call.cancellation.cancel(left)
    expect(attempts[0]?.cancellation.reason).toBe(left)
  })
})
