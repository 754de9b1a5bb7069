import fc from 'fast-check'
import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import {
  blockDelta,
  blockStart,
  blockStop,
  EVERYTHING,
  MESSAGE_START,
  MESSAGE_STOP,
  messageDelta,
  text,
} from './conversation.fixture.ts'
import { KEY, type Streamed, sse, stream } from './fixtures.ts'

const HELLO = [MESSAGE_START, ...text(0, 'Hel', 'lo'), messageDelta('end_turn'), MESSAGE_STOP]

function deltas({ chunks }: Streamed): JsonObject[] {
  return (chunks as unknown as ChatCompletionChunk[]).flatMap(chunk =>
    chunk.choices.map(choice => choice.delta as unknown as JsonObject),
  )
}

describe('a message stream', () => {
  it('becomes chunks of OpenAI with one id, a role first, a finish reason last and [DONE]', () => {
    const got = stream([sse(HELLO)])
    const head = {
      id: 'msg_01',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'claude-sonnet-4-5-20250929',
    }
    const chunk = (delta: JsonObject, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, finish_reason }],
    })
    expect(got.chunks).toEqual([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({}, 'stop'),
    ])
    expect(got.done).toBe(true)
    expect(got.failure).toBeUndefined()
  })

  it('U6: counts tool calls by tools, keeps signatures with their thoughts, and leaves server tools out', () => {
    expect(deltas(stream([sse(EVERYTHING)]))).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'Let me ' },
      { reasoning_content: 'see… 🤔' },
      { thinking_blocks: [{ type: 'thinking', thinking: 'Let me see… 🤔', signature: 'c2lnbmF0dXJl' }] },
      { thinking_blocks: [{ type: 'redacted_thinking', data: 'cmVkYWN0ZWQ=' }] },
      { content: 'Ich prüfe ' },
      { content: 'das: 東京' },
      { tool_calls: [{ index: 0, id: 'toolu_1', type: 'function', function: { name: 'get_weather', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '"東京"}' } }] },
      { tool_calls: [{ index: 1, id: 'toolu_2', type: 'function', function: { name: 'now', arguments: '' } }] },
      { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
      {},
    ])
  })

  it('writes its chunks as JSON.stringify would', () => {
    const { text: written, chunks } = stream([sse(EVERYTHING)], { stream_options: { include_usage: true } })
    expect(written).toBe(`${chunks.map(chunk => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`)
  })

  it('tells what it learns: usage with the cache by lifetime, model, id, reason and size', () => {
    const { answer } = stream([sse(EVERYTHING)])
    expect(answer.usage).toEqual({
      inputTokens: 2310,
      outputTokens: 89,
      cacheReadTokens: 2000,
      cacheWriteTokens: 100,
      cacheWrite1hTokens: 200,
      reasoningTokens: 40,
      webSearches: 1,
    })
    expect(answer).toMatchObject({
      model: 'claude-sonnet-4-5-20250929',
      responseId: 'msg_01',
      finishReason: 'tool_calls',
    })
    const generated = 'Let me see… 🤔Ich prüfe das: 東京get_weather{"city":"東京"}now{}'
    expect(answer.contentBytes).toBe(Buffer.byteLength(generated))
    expect(answer.contentEvents).toBe(9)
  })

  it.each([
    ['fast', 'fast'],
    ['standard', 'default'],
    ['faster', 'other'],
  ])('tells its speed from the start: %s', (speed, serviceTier) => {
    const start = { type: 'message_start', message: { usage: { input_tokens: 1, speed, service_tier: 'priority' } } }
    expect(stream([sse([start, ...text(0, 'Hel')])]).answer.usage).toMatchObject({ serviceTier })
    const { answer } = stream([sse([start, ...text(0, 'Hel'), messageDelta('end_turn'), MESSAGE_STOP])])
    expect(answer.usage).toMatchObject({ serviceTier })
  })

  it('counts the searches that it sees, until their number is told', () => {
    const start = {
      type: 'message_start',
      message: { usage: { input_tokens: 1, server_tool_use: { web_search_requests: 0 } } },
    }
    const search = (index: number) => [
      blockStart(index, { type: 'server_tool_use', id: `s${index}`, name: 'web_search', input: {} }),
      blockStop(index),
    ]
    const fetch = blockStart(2, { type: 'server_tool_use', id: 's', name: 'web_fetch', input: {} })
    const cut = [start, ...search(0), ...search(1), fetch, blockStop(2)]
    expect(stream([sse(cut)]).answer.usage).toMatchObject({ webSearches: 2 })
    const usage = { output_tokens: 9, server_tool_use: { web_search_requests: 1 } }
    const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage }
    const { answer, chunks } = stream([sse([...cut, end, MESSAGE_STOP])], { stream_options: { include_usage: true } })
    expect(answer.usage).toMatchObject({ webSearches: 1 })
    expect(chunks.at(-1)).toMatchObject({ usage: { server_tool_use: { web_search_requests: 1 } } })
  })

  it('counts what shortening the conversation took, told at its end', () => {
    const iterations = [{ type: 'compaction', input_tokens: 1000, output_tokens: 30 }]
    const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9, iterations } }
    const { answer } = stream([sse([MESSAGE_START, ...text(0, 'Hel', 'lo'), end, MESSAGE_STOP])])
    const { inputTokens = 0 } = stream([sse(HELLO)]).answer.usage ?? {}
    expect(answer.usage).toMatchObject({ inputTokens: inputTokens + 1000, outputTokens: 39 })
  })

  it('sends usage only to a client that asked, as the last chunk', () => {
    expect(stream([sse(HELLO)]).text).not.toContain('"usage"')
    const asked = stream([sse(HELLO)], { stream_options: { include_usage: true } })
    expect(asked.chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 2310,
        completion_tokens: 89,
        total_tokens: 2399,
        prompt_tokens_details: { cached_tokens: 2000 },
        completion_tokens_details: { reasoning_tokens: 40 },
        cache_creation_input_tokens: 300,
        cache_read_input_tokens: 2000,
      },
    })
    expect(asked.done).toBe(true)
  })

  it('is the same however its bytes are cut', () => {
    const bytes = sse(EVERYTHING)
    const whole = stream([bytes])
    for (let at = 0; at <= bytes.length; at++) {
      const cut = stream([bytes.subarray(0, at), bytes.subarray(at)])
      expect(cut.text, `cut at ${at}`).toBe(whole.text)
      expect(cut.answer.usage, `cut at ${at}`).toEqual(whole.answer.usage)
    }
    expect(stream(Array.from(bytes, byte => Buffer.from([byte]))).text).toBe(whole.text)
    const lengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(lengths, fc.constantFrom('\n', '\r\n', '\r'), (pieces, ending) => {
        const written = Buffer.from(bytes.toString('utf8').replaceAll('\n', ending))
        const cut = pieces.map((length, index) => {
          const from = pieces.slice(0, index).reduce((sum, before) => sum + before, 0)
          return written.subarray(from, from + length)
        })
        const from = pieces.reduce((sum, length) => sum + length, 0)
        expect(stream([...cut, written.subarray(from)]).text).toBe(whole.text)
      }),
      { numRuns: 60 },
    )
  })

  it('U6: is read by the official client as the same message', async () => {
    const { text } = stream([sse(EVERYTHING)], { stream_options: { include_usage: true } })
    const lines = text.split('\n\n').filter(line => line && !line.includes('[DONE]'))
    const body = new ReadableStream({
      start(controller) {
        for (const line of lines) controller.enqueue(new TextEncoder().encode(`${line.slice('data: '.length)}\n`))
        controller.close()
      },
    })
    const completion = await ChatCompletionStream.fromReadableStream(body).finalChatCompletion()
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: 'Ich prüfe das: 東京',
        tool_calls: [
          { id: 'toolu_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"東京"}' } },
          { id: 'toolu_2', type: 'function', function: { name: 'now', arguments: '{}' } },
        ],
      },
    })
    expect(completion.usage?.total_tokens).toBe(2399)
  })
})

describe('the first content', () => {
  const prelude = [MESSAGE_START, { type: 'ping' }, blockStart(0, { type: 'text', text: '' })]
  const tool = { type: 'tool_use', id: 't', name: 'f', input: {} }
  it.each<[string, JsonObject[], boolean]>([
    ['nothing but a prelude', [], false],
    ['empty text', [blockDelta(0, { type: 'text_delta', text: '' })], false],
    ['a signature', [blockDelta(0, { type: 'signature_delta', signature: 'x' }), blockStop(0)], false],
    ['a redacted thought', [blockStart(1, { type: 'redacted_thinking', data: 'x' }), blockStop(1)], false],
    ['text', [blockDelta(0, { type: 'text_delta', text: 'a' })], true],
    ['text in the start of a block', [blockStart(1, { type: 'text', text: 'a' })], true],
    [
      'a thought',
      [blockStart(1, { type: 'thinking', thinking: '' }), blockDelta(1, { type: 'thinking_delta', thinking: 'a' })],
      true,
    ],
    ['a tool', [blockStart(1, tool)], true],
  ])('is not, or is, %s', (_name, events, content) => {
    const { answer } = stream([sse([...prelude, ...events])])
    expect(answer.contentEvents > 0).toBe(content)
  })
})

describe('a stream that fails', () => {
  it('U1: is broken off wherever it is cut, with real input and a guess of the output', () => {
    for (let count = 0; count < EVERYTHING.length; count++) {
      const got = stream([sse(EVERYTHING.slice(0, count))])
      expect(got.failure?.kind, `after ${count} events`).toBe('broken_off')
      expect(got.done).toBe(false)
    }
    const cut = stream([sse(EVERYTHING.slice(0, 12))])
    const said = Buffer.byteLength('Let me see… 🤔Ich prüfe das: 東京')
    expect(cut.answer.usage).toMatchObject({
      inputTokens: 2310,
      outputTokens: 3 + Math.ceil(said / 4),
      estimated: true,
    })
  })

  it('is whole when only the blank line after message_stop is missing', () => {
    const bytes = sse(HELLO)
    expect(stream([bytes.subarray(0, bytes.length - 2)])).toMatchObject({ done: true, failure: undefined })
    expect(stream([bytes.subarray(0, bytes.length - 3)]).failure?.kind).toBe('broken_off')
  })

  it('is broken off when it stops without a reason', () => {
    const got = stream([sse([MESSAGE_START, ...text(0, 'a'), MESSAGE_STOP])])
    expect(got).toMatchObject({ done: false, failure: { kind: 'broken_off' } })
  })

  it.each([
    ['overloaded_error', 'overloaded'],
    ['api_error', 'upstream_error'],
    ['rate_limit_error', 'rate_limited'],
    ['authentication_error', 'refused_credentials'],
    ['invalid_request_error', 'rejected'],
    ['timeout_error', 'timed_out'],
    ['error_of_next_year', 'upstream_error'],
  ])('names an error event %s: %s', (type, kind) => {
    const got = stream([
      sse([MESSAGE_START, ...text(0, 'Hel'), { type: 'error', error: { type, message: `no ${KEY}` } }]),
    ])
    expect(got.failure?.kind).toBe(kind)
    expect(got.failure?.message).not.toContain(KEY)
    expect(deltas(got).at(-1)).toEqual({ content: 'Hel' })
    expect(got.done).toBe(false)
  })

  it.each(['{"type":', '[]', '"x"', '17'])('calls an event with the data %s a bad answer', data => {
    const got = stream([sse([MESSAGE_START]), Buffer.from(`event: x\ndata: ${data}\n\n`)])
    expect(got.failure?.kind).toBe('bad_answer')
  })

  it('says nothing more after message_stop', () => {
    const got = stream([sse([...HELLO, ...text(1, 'late')])])
    expect(got.text).not.toContain('late')
    expect(got.failure).toBeUndefined()
  })
})

describe('an end that counts nothing', () => {
  it('leaves what was received as the estimate of the output', () => {
    const delta = { stop_reason: 'end_turn' }
    const got = stream([
      sse([MESSAGE_START, ...text(0, 'x'.repeat(400)), { type: 'message_delta', delta }, MESSAGE_STOP]),
    ])
    expect(got.answer.usage?.estimated).toBe(true)
    expect(got.answer.usage?.outputTokens).toBeGreaterThanOrEqual(100)
  })
})

describe('a refusal', () => {
  it('ends as content_filter with its explanation', () => {
    const delta = { stop_reason: 'refusal', stop_details: { type: 'refusal', category: 'cyber', explanation: 'No.' } }
    const got = stream([
      sse([MESSAGE_START, { type: 'message_delta', delta, usage: { output_tokens: 1 } }, MESSAGE_STOP]),
    ])
    expect(got.chunks.at(-1)).toMatchObject({
      choices: [{ delta: { refusal: 'No.' }, finish_reason: 'content_filter' }],
    })
  })
})
