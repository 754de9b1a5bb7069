import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Answer, type Source } from '../core/answer.ts'
import type { Event } from '../core/event.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import { type Handler, stack } from '../core/handler.ts'
import { FakeClock } from '../testing/index.ts'
import { noteFirst, traceAttempt, traceCall } from './trace.ts'

const NO_SOURCE: Source = { pause() {}, resume() {}, abort() {} }
const one = deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1' })
const frame = new ObjectFrame([{}], true)
const broken = new Failure('broken_off', 'cut')
const left = new Failure('cancelled', 'the client left')

function scene() {
  const clock = new FakeClock()
  const events: Event[] = []
  const call = callTo('p', { emit: event => events.push(event) })
  const attempt = attemptAt(one, call)
  const types = () => events.map(event => ('end' in event ? `${event.type} ${event.end.outcome}` : event.type))
  return { clock, events, call, attempt, types }
}

describe('the events of a call', () => {
  it('are a start and, when the answer has truly ended, one end', async () => {
    const { call, types } = scene()
    const answer = new Answer(one, true, NO_SOURCE)
    await traceCall(async () => answer)(call)
    answer.push(frame, true)
    expect(types()).toEqual(['call-start'])
    answer.complete()
    answer.abandon(left)
    expect(types()).toEqual(['call-start', 'call-end complete'])
  })

  it.each([
    [broken, 'failed'],
    [left, 'abandoned'],
  ])('are a start and an end when there is no answer', async (failure, outcome) => {
    const { call, events, types } = scene()
    await expect(traceCall(() => Promise.reject(failure))(call)).rejects.toBe(failure)
    expect(types()).toEqual(['call-start', `call-end ${outcome}`])
    expect(events[1]).toMatchObject({ end: { failure } })
  })
})

describe('the events of an attempt', () => {
  const layers = (clock: FakeClock) => stack(traceAttempt(clock), noteFirst(clock))

  it('tell the moments and what is known of the answer', async () => {
    const { clock, attempt, types } = scene()
    const answer = new Answer(one, true, NO_SOURCE)
    await layers(clock)(async () => {
      await clock.advanceAsync(30)
      return answer
    })(attempt)
    expect(types()).toEqual(['attempt-start', 'attempt-first'])
    Object.assign(answer, { model: 'm-2026', responseId: 'r1', finishReason: 'stop' })
    clock.advance(70)
    answer.complete()
    expect(types()).toEqual(['attempt-start', 'attempt-first', 'attempt-end complete'])
    expect(attempt.attempt).toMatchObject({
      firstAt: 30,
      endedAt: 100,
      outcome: 'complete',
      model: 'm-2026',
      responseId: 'r1',
      finishReason: 'stop',
    })
  })

  it('have no first content when there was none', async () => {
    const { clock, attempt, types } = scene()
    await expect(layers(clock)(() => Promise.reject(broken))(attempt)).rejects.toBe(broken)
    expect(types()).toEqual(['attempt-start', 'attempt-end failed'])
    expect(attempt.attempt.firstAt).toBeUndefined()
    expect(attempt.attempt.failure).toBe(broken)
  })

  it('are one start and one end, whatever happens to the answer and whenever', async () => {
    const steps = fc.array(fc.constantFrom('push', 'complete', 'fail', 'abandon', 'breakOff', 'read'), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(steps, steps, fc.boolean(), async (before, after, refuses) => {
        const { clock, call, attempt, types } = scene()
        const answer = new Answer(one, true, NO_SOURCE)
        const act: Record<string, () => void> = {
          push: () => answer.push(frame, true),
          complete: () => answer.complete(),
          fail: () => answer.fail(broken),
          abandon: () => answer.abandon(left),
          breakOff: () => answer.breakOff(broken),
          read: () => answer.read({ frame: () => true, end() {} }),
        }
        const send: Handler = async () => {
          for (const step of before) act[step]?.()
          if (refuses) throw broken
          return answer
        }
        const handler = traceCall(() => layers(clock)(send)(attempt))
        await handler(call).catch(() => {})
        for (const step of after) act[step]?.()
        answer.complete()
        const counts = (start: string) => types().filter(type => type.startsWith(start)).length
        expect(['call-start', 'call-end', 'attempt-start', 'attempt-end'].map(counts)).toEqual([1, 1, 1, 1])
        expect(types()[0]).toBe('call-start')
        expect(types().at(-1)).toMatch(/^call-end/)
      }),
    )
  })
})
