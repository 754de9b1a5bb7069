import { describe, expect, it } from 'vitest'
import { attemptAt, callTo, chat } from '../../../test/support/calls.ts'
import { deployment } from '../../../test/support/settings.ts'
import type { Answer, End } from '../../core/answer.ts'
import type { CallOptions } from '../../core/call.ts'
import type { MockSettings } from '../../core/deployment.ts'
import type { FailureKind } from '../../core/failure.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Operation } from '../../core/request.ts'
import { FakeClock } from '../../testing/index.ts'
import { isMocked, mockProvider } from './provider.ts'

interface Scene {
  readonly mock?: MockSettings
  readonly options?: CallOptions
  readonly body?: JsonObject
  readonly operation?: Operation
  readonly deadline?: number
}

function attempt({ mock, options = {}, body = {}, operation = 'chat', deadline = 600_000 }: Scene) {
  const one = deployment({ id: 'a', pool: 'p', provider: 'mock', model: 'm', baseUrl: '', ...(mock && { mock }) })
  return attemptAt(one, callTo('p', { options, deadline, request: { ...chat(body), operation } }))
}

function drain(answer: Answer) {
  const objects: JsonObject[] = []
  const ends: End[] = []
  let text = ''
  answer.read({
    frame: frame => {
      objects.push(...frame.objects)
      text += Buffer.from(frame.bytes).toString()
      return true
    },
    end: end => ends.push(end),
  })
  return { objects, text, end: ends[0] }
}

/** Sends it and lets the time pass that it takes. */
async function send(scene: Scene, ms = 20) {
  const clock = new FakeClock()
  const answered = mockProvider(clock)(attempt(scene))
  answered.catch(() => {})
  await clock.advanceAsync(ms)
  expect(clock.timers).toBe(0)
  const answer = await answered
  return { answer, ...drain(answer) }
}

const content = (object: JsonObject | undefined) =>
  (object as unknown as { choices: { message: JsonObject }[] }).choices[0]?.message

describe('a mocked answer', () => {
  it('quotes the prompt', async () => {
    const { objects, answer, end } = await send({})
    expect(content(objects[0])).toEqual({ role: 'assistant', content: 'Mock answer to: "hello"' })
    expect(answer).toMatchObject({ finishReason: 'stop', model: 'm', usage: { inputTokens: 2, outputTokens: 6 } })
    expect(end?.outcome).toBe('complete')
  })

  it('streams, and brings usage when asked', async () => {
    const { text, objects } = await send({ body: { stream: true, stream_options: { include_usage: true } } })
    expect(text).toMatch(/^data: .*\n\ndata: \[DONE\]\n\n$/s)
    expect(objects.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 6 } })
    expect((await send({ body: { stream: true } })).text).not.toContain('usage')
  })

  it.each<[string, Scene, object]>([
    ['what is configured', { mock: { response: 'hi' } }, { content: 'hi' }],
    [
      'what the request asks for',
      { mock: { response: 'hi' }, options: { mock: { mock_response: 'ho' } } },
      { content: 'ho' },
    ],
    ['a word that every object knows', { mock: { response: 'constructor' } }, { content: 'constructor' }],
    [
      'tool calls',
      { options: { mock: { mock_tool_calls: [{ id: 'c' }] } } },
      { content: null, tool_calls: [{ id: 'c' }] },
    ],
  ])('says %s', async (_, scene, message) => {
    expect(content((await send(scene)).objects[0])).toMatchObject(message)
  })

  it('is a whole body that is given, with its usage, also for a stream', async () => {
    const response = {
      id: 'x',
      choices: [{ message: { content: 'hi' } }],
      usage: { prompt_tokens: 3, completion_tokens: 4 },
    }
    for (const stream of [false, true]) {
      const { answer, objects } = await send({ mock: { response }, body: { stream } })
      expect(objects).toEqual([response])
      expect(answer).toMatchObject({ streamed: false, usage: { inputTokens: 3, outputTokens: 4 } })
    }
  })

  it('is one of completions and of embeddings', async () => {
    const completion = await send({ operation: 'completion', body: { prompt: 'abc' } })
    expect(completion.objects[0]).toMatchObject({ object: 'text_completion', choices: [{ finish_reason: 'stop' }] })
    const embedding = await send({ operation: 'embedding', body: { input: ['a', 'b'], messages: [{ role: 'user' }] } })
    expect(embedding.objects[0]).toMatchObject({ object: 'list', data: [{ index: 0 }, { index: 1 }] })
    const base64 = await send({ operation: 'embedding', body: { input: [1, 2], encoding_format: 'base64' } })
    expect(base64.objects[0]?.data).toEqual([{ object: 'embedding', index: 0, embedding: expect.any(String) }])
  })

  it('breaks off midway when told to', async () => {
    const { end, objects } = await send({
      mock: { response: 'Exception: mock_streaming_error' },
      body: { stream: true },
    })
    expect(end).toMatchObject({ outcome: 'failed', failure: { kind: 'broken_off' } })
    expect(objects.length).toBeGreaterThan(0)
  })

  it.each<[string, FailureKind]>([
    ['litellm.RateLimitError', 'rate_limited'],
    ['litellm.ContextWindowExceededError', 'context_too_long'],
    ['litellm.InternalServerError', 'upstream_error'],
    ['Exception: content_filter_policy', 'content_refused'],
  ])('%s fails as %s', async (response, kind) => {
    await expect(send({ mock: { response } })).rejects.toMatchObject({ kind })
  })

  it('takes its time, and stops when it is left', async () => {
    const clock = new FakeClock()
    const slow = attempt({ options: { mock: { mock_response: 'hi', mock_delay: 1.5 } } })
    const answered = mockProvider(clock)(slow)
    const reason = Object.assign(new Error('left'), {})
    clock.advance(1499)
    slow.cancellation.cancel(reason as never)
    await expect(answered).rejects.toBe(reason)
    expect(clock.timers).toBe(0)
  })

  it('that shall time out never answers', async () => {
    await expect(send({ mock: { timeout: true }, deadline: 1000 }, 1000)).rejects.toMatchObject({ kind: 'timed_out' })
  })
})

it.each<[Scene, boolean]>([
  [{}, false],
  [{ mock: {} }, true],
  [{ options: { mock: { mock_response: '' } } }, true],
  [{ options: { mock: { mock_timeout: true } } }, true],
  [{ options: { mock: { mock_timeout: false } } }, false],
  [{ options: { mock: { mock_testing_fallbacks: true } } }, false],
])('%j is answered here: %s', (scene, mocked) => expect(isMocked(attempt(scene))).toBe(mocked))
