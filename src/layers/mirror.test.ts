import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Answer, type Source, wholeAnswer } from '../core/answer.ts'
import type { Attempt, Call } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import type { Handler } from '../core/handler.ts'
import { mirror } from './mirror.ts'

const NO_SOURCE: Source = { pause() {}, resume() {}, abort() {} }
const one = deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1', silentPool: 'shadow' })
const frame = new ObjectFrame([{}], true)
const turn = () => new Promise(resolve => setImmediate(resolve))

function scene(answer: Handler) {
  const copies: Call[] = []
  const layer = mirror(() => call => {
    copies.push(call)
    return answer(call)
  })
  const handler = layer(async attempt => wholeAnswer(attempt.deployment, frame))
  const send = (changes: Partial<Attempt> = {}, call = callTo('p')) => handler({ ...attemptAt(one, call), ...changes })
  return { copies, send }
}

describe('a mirror', () => {
  it('gets a copy of the call with a record of its own', async () => {
    const { copies, send } = scene(async () => wholeAnswer(one, frame))
    const call = callTo('p', { options: { retries: 1, fallbacks: [{ pool: 'x' }] } })
    call.record.cost = 7n
    call.record.trace = { traceId: '0af7651916cd43dd8448eb211c80319c' }
    await send({}, call)
    expect(copies).toHaveLength(1)
    expect(copies[0]).toMatchObject({
      id: 'call-mirror',
      pool: 'shadow',
      purpose: 'mirror',
      request: call.request,
      options: { retries: 1, disableFallbacks: true },
      record: { attempts: [], cost: 0n, requestedPool: 'shadow' },
    })
    expect(call.record.cost).toBe(7n)
    // Whoever traces would take its end for the call's.
    expect(copies[0]?.record.trace).toBeUndefined()
    // The client may leave: the copy goes on.
    call.cancellation.cancel(new Failure('cancelled', 'left'))
    expect(copies[0]?.cancellation.reason).toBeUndefined()
  })

  it.each<[string, Partial<Attempt>]>([
    ['a second attempt', { number: 2 }],
    ['a classifying call', { purpose: 'classify' }],
    ['a copy', { purpose: 'mirror' }],
    [
      'a deployment without a silent pool',
      { deployment: deployment({ id: 'b', pool: 'p', baseUrl: 'http://127.0.0.1:1' }) },
    ],
  ])('gets nothing of %s', async (_, changes) => {
    const { copies, send } = scene(async () => wholeAnswer(one, frame))
    await send(changes)
    expect(copies).toEqual([])
  })

  it('is neither waited for nor able to fail the call', async () => {
    const never = scene(() => new Promise(() => {}))
    expect((await never.send()).ended?.outcome).toBe('complete')
    const broken = scene(() => Promise.reject(new Failure('upstream_error', 'broken')))
    expect((await broken.send()).ended?.outcome).toBe('complete')
    const thrown = scene(() => {
      throw new Error('a bug')
    })
    expect((await thrown.send()).ended?.outcome).toBe('complete')
    await turn()
  })

  it('is read to its end, so that no upstream is held back', async () => {
    const answer = new Answer(one, true, NO_SOURCE)
    answer.push(frame, true)
    const { send } = scene(async () => answer)
    await send()
    await turn()
    answer.push(frame, true)
    expect(answer.paused).toBe(false)
    answer.fail(new Failure('broken_off', 'cut'))
    await turn()
  })

  it('has at most a hundred copies under way', async () => {
    const flowing: Answer[] = []
    const { copies, send } = scene(async () => {
      const answer = new Answer(one, true, NO_SOURCE)
      flowing.push(answer)
      return answer
    })
    for (let number = 0; number < 120; number++) await send()
    expect(copies).toHaveLength(100)
    flowing[0]?.complete()
    await turn()
    await send()
    expect(copies).toHaveLength(101)
  })
})
