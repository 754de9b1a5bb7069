import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../test/support/calls.ts'
import { deployment, routing } from '../../test/support/settings.ts'
import { Answer, type End, type Source } from '../core/answer.ts'
import type { CallOptions } from '../core/call.ts'
import type { TimeoutSettings } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import type { RouterTimeouts } from '../core/settings.ts'
import { FakeClock } from '../testing/index.ts'
import { timeouts } from './timeouts.ts'

interface Scene {
  readonly settings?: Partial<RouterTimeouts>
  readonly own?: TimeoutSettings
  readonly options?: CallOptions
  readonly streamed?: boolean
  readonly deadline?: number
}

const frame = new ObjectFrame([{}], true)

/** An attempt whose provider answers when told to, and stops when cancelled. */
function scene({ settings = {}, own = {}, options = {}, streamed = true, deadline = 600_000 }: Scene = {}) {
  const clock = new FakeClock()
  const attempt = attemptAt(
    deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1', timeouts: own }),
    callTo('p', { options, deadline, request: { streamed } }),
  )
  const aborted: Failure[] = []
  const source: Source = { pause() {}, resume() {}, abort: reason => aborted.push(reason) }
  const answer = new Answer(attempt.deployment, streamed, source)
  let give: (answer: Answer) => void = () => {}
  const layer = timeouts(routing({ deployments: [], timeouts: settings }).timeouts, clock)
  const given = layer(
    () =>
      new Promise((resolve, reject) => {
        give = resolve
        attempt.cancellation.onCancel(reject)
      }),
  )(attempt)
  const begin = async () => {
    answer.push(frame, true)
    give(answer)
    await given
  }
  const ends: End[] = []
  answer.onEnd(end => ends.push(end))
  return { clock, attempt, answer, given, begin, ends, aborted }
}

describe('the time until the first content', () => {
  it.each<[string, Scene, number, string]>([
    ['is the attempt’s by default', {}, 600_000, 'gave no first token within 600000 ms'],
    ['is the router’s', { settings: { firstTokenMs: 900 } }, 900, 'gave no first token within 900 ms'],
    [
      'is the deployment’s before it',
      { settings: { firstTokenMs: 900 }, own: { firstTokenMs: 300 } },
      300,
      'first token',
    ],
    ['is the caller’s before both', { own: { firstTokenMs: 300 }, options: { firstTokenMs: 700 } }, 700, 'first token'],
    [
      'does not matter for a whole answer',
      { settings: { firstTokenMs: 900 }, streamed: false, own: { timeoutMs: 2000 } },
      2000,
      'no answer within 2000 ms',
    ],
    [
      'may be longer than a whole answer may take',
      { settings: { firstTokenMs: 900, attemptMs: 500 } },
      900,
      'no first token within 900 ms',
    ],
    [
      'the attempt’s is the caller’s first',
      { own: { timeoutMs: 300 }, options: { timeoutMs: 400 } },
      400,
      'no first token within 400 ms',
    ],
  ])('%s', async (_, draft, ms, message) => {
    const { clock, given, attempt } = scene(draft)
    clock.advance(ms - 1)
    expect(attempt.cancellation.reason).toBeUndefined()
    clock.advance(1)
    await expect(given).rejects.toMatchObject({ kind: 'timed_out', message: expect.stringContaining(message) })
    expect(clock.timers).toBe(0)
  })

  it('ends with the call’s deadline, which is not the deployment’s fault', async () => {
    const { clock, given, attempt } = scene({ deadline: 250 })
    clock.advance(249)
    expect(attempt.cancellation.reason).toBeUndefined()
    clock.advance(1)
    const failure = await given.catch((error: unknown) => error)
    expect(failure).toMatchObject({ kind: 'out_of_time', verdict: { blames: false, again: false } })
  })

  it('is not measured any more once the answer is there', async () => {
    const { clock, begin, answer, ends } = scene({ settings: { firstTokenMs: 100 } })
    await begin()
    clock.advance(200)
    expect(ends).toEqual([])
    answer.complete()
    expect(clock.timers).toBe(0)
  })

  it('leaves no timer behind when the attempt fails by itself', async () => {
    const { clock, given, attempt } = scene()
    attempt.cancellation.cancel(new Failure('cancelled', 'the client left'))
    await expect(given).rejects.toMatchObject({ kind: 'cancelled' })
    expect(clock.timers).toBe(0)
  })
})

describe('silence between two frames', () => {
  it('of the limit ends the stream, within a sixteenth', async () => {
    const { clock, begin, ends, aborted } = scene({ settings: { idleMs: 1600 } })
    await begin()
    clock.advance(1599)
    expect(ends).toEqual([])
    clock.advance(101)
    expect(ends).toMatchObject([
      {
        outcome: 'failed',
        failure: { kind: 'timed_out', message: expect.stringContaining('sent nothing for 1600 ms') },
      },
    ])
    expect(aborted).toHaveLength(1)
    expect(clock.timers).toBe(0)
  })

  it('is broken by every frame', async () => {
    const { clock, begin, answer, ends } = scene({ own: { idleMs: 1600 } })
    await begin()
    for (let number = 0; number < 20; number++) {
      clock.advance(1400)
      answer.push(frame, number % 2 === 0)
    }
    expect(ends).toEqual([])
    answer.complete()
    expect(clock.timers).toBe(0)
  })

  it('does not count while a slow reader holds the upstream back', async () => {
    const { clock, begin, answer, ends } = scene({ settings: { idleMs: 1600 } })
    await begin()
    answer.read({ frame: () => false, end() {} })
    expect(answer.paused).toBe(true)
    clock.advance(60_000)
    expect(ends).toEqual([])
    answer.resume()
    clock.advance(1500)
    expect(ends).toEqual([])
    clock.advance(300)
    expect(ends).toMatchObject([{ failure: { kind: 'timed_out' } }])
  })
})

describe('a stream', () => {
  it('that flows is not cut, neither by the limit for an answer nor by the deadline', async () => {
    const { clock, begin, answer, ends } = scene({ settings: { attemptMs: 5000, idleMs: 1600 }, deadline: 3000 })
    await begin()
    for (let now = 0; now < 20_000; now += 1000) {
      clock.advance(1000)
      answer.push(frame, true)
    }
    expect(ends).toEqual([])
  })

  it('that never ends is ended all the same, also while its reader holds it back', async () => {
    const { clock, begin, answer, ends } = scene()
    await begin()
    answer.read({ frame: () => false, end() {} })
    clock.advance(5_999_000)
    expect(ends).toEqual([])
    clock.advance(10_000)
    expect(ends).toMatchObject([{ outcome: 'failed', failure: { kind: 'timed_out' } }])
    expect(clock.timers).toBe(0)
  })

  it('is not watched when the answer is there as a whole', async () => {
    const { clock, begin } = scene({ streamed: false })
    await begin()
    expect(clock.timers).toBe(0)
  })
})
