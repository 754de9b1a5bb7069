import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Answer } from '../core/answer.ts'
import type { Call } from '../core/call.ts'
import { type Caller, plainCaller, type RateLimit } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import { MemoryLimiter } from '../state/memory-limiter.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { type LimitsOptions, limits } from './limits.ts'

const one = deployment({ id: 'a', pool: 'p', baseUrl: 'http://127.0.0.1:1' })

function scene(bounds: readonly RateLimit[], options: Partial<LimitsOptions> = {}) {
  const clock = new FakeClock()
  const caller: Caller = { ...plainCaller('k'), limits: bounds }
  const limiter = new MemoryLimiter({ clock })
  const answers: Answer[] = []
  const layer = limits({ limiter, inputTokens: () => 100, outputTokens: () => 200, ...options })
  const handler = layer(async () => {
    const answer = new Answer(one, true, { pause() {}, resume() {}, abort() {} })
    answers.push(answer)
    return answer
  })
  const begin = (draft: Partial<Call> = {}) => callTo('p', { options: { caller }, ...draft })
  return { clock, handler, layer, begin, answers, limiter }
}

const key = (limit: Partial<RateLimit>): RateLimit => ({ level: 'key', subject: 'secret-hash', ...limit })
const refusalOf = (answer: Promise<unknown>) =>
  answer.then(
    () => expect.fail('it was let through'),
    (failure: Failure) => failure,
  )

describe('the limits of a caller', () => {
  it('cost nothing where there are none', async () => {
    const { handler, begin } = scene([])
    const call = begin()
    await handler(call)
    expect(call.record.standings).toBeUndefined()
  })

  it('refuse with what is in the way, when it is free again, and nothing dialled', async () => {
    const { handler, begin, answers } = scene([key({ rpm: 1, name: 'ci' }), { level: 'team', subject: 'blue', rpm: 9 }])
    await handler(begin())
    const call = begin()
    const failure = await refusalOf(handler(call))
    expect(failure).toMatchObject({ kind: 'limited', code: 'requests', retryAfterMs: 60_000 })
    expect(failure.message).toBe("rate limit of key 'ci' reached: 1 requests per minute; try again in 60 s")
    expect(call.record.standings).toMatchObject([{ remainingRequests: 0 }, { remainingRequests: 8 }])
    expect(answers).toHaveLength(1)
  })

  it('hold a place until the answer has truly ended', async () => {
    const { handler, begin, answers } = scene([key({ parallel: 1 })])
    await handler(begin({ id: '1' }))
    expect(await refusalOf(handler(begin({ id: '2' })))).toMatchObject({
      code: 'max_parallel_requests',
      retryAfterMs: undefined,
    })
    answers[0]?.fail(new Failure('broken_off', 'cut'))
    await handler(begin({ id: '3' }))
  })

  it('are corrected by the tokens of all attempts, and by none when nobody was dialled', async () => {
    const { handler, layer, begin, answers, clock } = scene([key({ tpm: 1_000 })])
    const call = begin()
    await handler(call)
    for (const inputTokens of [150, 250]) attemptAt(one, call).attempt.usage = { inputTokens, outputTokens: 100 }
    answers[0]?.complete()
    // 600 of the 1,000 were used; nobody was dialled for the second.
    const refuse = layer(() => Promise.reject(new Failure('unavailable', 'nobody is left')))
    await refusalOf(refuse(begin()))
    const third = begin()
    await handler(third)
    expect(third.record.standings).toMatchObject([{ remainingTokens: 100 }])
    clock.advance(60_000)
  })

  it('of one pool concern calls to that pool alone', async () => {
    const { handler, begin } = scene([key({ rpm: 1, pool: 'p' }), key({ rpm: 1, pool: 'q' })])
    await handler(begin())
    expect((await refusalOf(handler(begin()))).message).toContain("model 'p'")
    await handler(begin({ pool: 'q' }))
  })

  it('concern answers, not what tollgate asks for itself', async () => {
    const { handler, begin } = scene([key({ rpm: 0 })])
    await handler(begin({ purpose: 'mirror' }))
    expect((await refusalOf(handler(begin()))).message).toContain('lets nothing through')
  })

  it('let a call ask for more output than there is, when nothing else was used, but no larger prompt', async () => {
    const { handler, begin } = scene([key({ tpm: 150 })])
    const call = begin()
    await handler(call)
    expect(call.record.standings).toMatchObject([{ remainingTokens: 0 }])
    const small = scene([key({ tpm: 99 })])
    const failure = await refusalOf(small.handler(small.begin()))
    expect(failure).toMatchObject({ code: 'tokens', retryAfterMs: undefined })
    expect(failure.message).toContain('shorten the prompt')
  })

  it('do not keep what a call took that was cancelled while it was asked for', async () => {
    const { limiter, begin } = scene([])
    const later = limits({
      limiter: {
        admit: async ask => limiter.admit(ask),
        settle: (granted, used) => limiter.settle(granted, used),
        close: () => limiter.close(),
      },
      limitsOf: () => [key({ parallel: 1 })],
      inputTokens: () => 1,
      outputTokens: () => 1,
    })(() => Promise.reject(new Error('dialled')))
    const call = begin()
    const answer = refusalOf(later(call))
    call.cancellation.cancel(new Failure('cancelled', 'the client left'))
    expect(await answer).toMatchObject({ kind: 'cancelled' })
    expect((await refusalOf(later(begin()))).message).toBe('dialled')
  })

  it('never print the hash of a key', async () => {
    const { handler, begin } = scene([key({ rpm: 0 })])
    expect((await refusalOf(handler(begin()))).message).not.toContain('secret-hash')
  })
})
