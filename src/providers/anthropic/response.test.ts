import type { Message } from '@anthropic-ai/sdk/resources/messages'
import type { ChatCompletion } from 'openai/resources/chat/completions'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import { attemptOf, KEY } from './fixtures.ts'
import { anthropic } from './protocol.ts'

const usage = {
  input_tokens: 10,
  cache_creation_input_tokens: 300,
  cache_read_input_tokens: 2000,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
  output_tokens: 50,
}

type Given = Omit<Partial<Message>, 'usage' | 'content' | 'stop_details'> & JsonObject

function read(message: Given) {
  const body = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', usage, ...message }
  const reading = anthropic(attemptOf({ messages: [{ role: 'user', content: 'hi' }] })).readWhole(
    Buffer.from(JSON.stringify(body)),
  )
  return { reading, completion: reading.frame.objects[0] as unknown as ChatCompletion }
}

describe('a whole message', () => {
  it('becomes a chat.completion', () => {
    const thought = { type: 'thinking', thinking: 'hm', signature: 's' }
    const redacted = { type: 'redacted_thinking', data: 'x' }
    const { reading, completion } = read({
      content: [
        thought,
        redacted,
        { type: 'text', text: 'Hel' },
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} },
        { type: 'text', text: 'lo' },
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 'ü' } },
      ],
      stop_reason: 'tool_use',
    })
    expect(completion).toEqual({
      id: 'msg_1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'claude-sonnet-4-5',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'Hello',
            refusal: null,
            reasoning_content: 'hm',
            thinking_blocks: [thought, redacted],
            tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'f', arguments: '{"a":"ü"}' } }],
          },
          logprobs: null,
          finish_reason: 'tool_calls',
        },
      ],
      usage: {
        prompt_tokens: 2310,
        completion_tokens: 50,
        total_tokens: 2360,
        prompt_tokens_details: { cached_tokens: 2000 },
        cache_creation_input_tokens: 300,
        cache_read_input_tokens: 2000,
      },
    })
    expect(reading).toMatchObject({
      model: 'claude-sonnet-4-5',
      responseId: 'msg_1',
      finishReason: 'tool_calls',
      contentBytes: Buffer.byteLength('hmHello{"a":"ü"}'),
    })
    expect(JSON.parse(Buffer.from(reading.frame.bytes).toString('utf8'))).toEqual(completion)
  })

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tool_calls'],
    ['refusal', 'content_filter'],
    ['reason_of_next_year', 'stop'],
    ['constructor', 'stop'],
  ])('ended by %s is finished by %s', (stop_reason, finish_reason) => {
    const { completion, reading } = read({ content: [{ type: 'text', text: 'a' }], stop_reason } as Given)
    expect(completion.choices[0]?.finish_reason).toBe(finish_reason)
    expect(reading.finishReason).toBe(finish_reason)
  })

  it('says why it was refused, and null where nothing was said', () => {
    const { completion } = read({
      content: [],
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: 'bio', explanation: 'I will not.' },
    })
    expect(completion.choices[0]?.message).toEqual({ role: 'assistant', content: null, refusal: 'I will not.' })
  })

  it.each<[string, JsonObject, JsonObject]>([
    ['no cache', { input_tokens: 5, output_tokens: 7 }, { inputTokens: 5, outputTokens: 7 }],
    [
      'nulls',
      { input_tokens: 5, output_tokens: 7, cache_read_input_tokens: null, cache_creation: null },
      { inputTokens: 5, outputTokens: 7 },
    ],
    [
      'a cache of unknown lifetime',
      { input_tokens: 5, output_tokens: 7, cache_creation_input_tokens: 11, cache_read_input_tokens: 13 },
      { inputTokens: 29, outputTokens: 7, cacheReadTokens: 13, cacheWriteTokens: 11 },
    ],
    [
      'both lifetimes',
      usage,
      { inputTokens: 2310, outputTokens: 50, cacheReadTokens: 2000, cacheWriteTokens: 100, cacheWrite1hTokens: 200 },
    ],
    [
      'thoughts',
      { input_tokens: 5, output_tokens: 70, output_tokens_details: { thinking_tokens: 60 } },
      { inputTokens: 5, outputTokens: 70, reasoningTokens: 60 },
    ],
    [
      'what shortening the conversation took',
      {
        ...usage,
        iterations: [
          { type: 'compaction', input_tokens: 1000, output_tokens: 30, cache_read_input_tokens: 7 },
          { type: 'message', input_tokens: 10, output_tokens: 50 },
          { type: 'compaction', input_tokens: 100, output_tokens: 3, cache_creation_input_tokens: 5 },
        ],
      },
      { inputTokens: 3422, outputTokens: 83, cacheReadTokens: 2007, cacheWriteTokens: 105, cacheWrite1hTokens: 200 },
    ],
  ])('U2: counts %s', (_name, given, expected) => {
    expect(read({ content: [], stop_reason: 'end_turn', usage: given }).reading.usage).toEqual(expected)
  })

  it.each([null, {}, { input_tokens: 5 }, { output_tokens: 5 }, { input_tokens: '5', output_tokens: '7' }])(
    'has no usage when the upstream does not say both of its counts: %j',
    given => {
      const { reading, completion } = read({ content: [], stop_reason: 'end_turn', usage: given })
      expect(reading.usage).toBeUndefined()
      expect(completion).not.toHaveProperty('usage')
    },
  )
})

describe('a body that is no message', () => {
  const exchange = anthropic(attemptOf({ messages: [{ role: 'user', content: 'hi' }] }))
  it.each(['', '<html>', '[]', '{}', '{"content":"x"}', 'null'])('%j is a bad answer', body => {
    expect(() => exchange.readWhole(Buffer.from(body))).toThrow(expect.objectContaining({ kind: 'bad_answer' }))
  })

  it('but an error with status 200 is that error', () => {
    const body = { type: 'error', error: { type: 'overloaded_error', message: `key ${KEY}` } }
    expect(() => exchange.readWhole(Buffer.from(JSON.stringify(body)))).toThrow(
      expect.objectContaining({ kind: 'overloaded', message: 'Anthropic answered overloaded_error: key ***' }),
    )
  })
})
