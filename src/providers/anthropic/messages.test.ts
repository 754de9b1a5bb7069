import type { MessageParam } from '@anthropic-ai/sdk/resources/messages'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../core/failure.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { writeConversation } from './messages.ts'

const call = (id: string, args: Json = '{}') => ({ id, type: 'function', function: { name: 'f', arguments: args } })
const user = (content: Json): JsonObject => ({ role: 'user', content })
const text = (text: string) => ({ type: 'text', text }) as const
const PNG = 'iVBORw0KGgo='

function turnsOf(messages: Json) {
  return writeConversation(messages).messages
}

function refusedAt(messages: Json): string | undefined {
  try {
    writeConversation(messages)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'invalid_request') return error.param
    throw error
  }
  throw new Error('was not refused')
}

describe('a conversation', () => {
  it('with tools, thoughts and images is written as the SDK types it', () => {
    const expected: MessageParam[] = [
      {
        role: 'user',
        content: [text('look'), { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
          { type: 'redacted_thinking', data: 'eA==' },
          text('calling'),
          { type: 'tool_use', id: 'call_1', name: 'f', input: { a: [1, { b: null }] } },
          { type: 'tool_use', id: 'call_2', name: 'f', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: [text('one')] },
          { type: 'tool_result', tool_use_id: 'call_2' },
          text('go on'),
        ],
      },
    ]
    const unsigned = { type: 'thinking', thinking: 'from elsewhere', signature: '' }
    const got = turnsOf([
      user([text('look'), { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } }]),
      {
        role: 'assistant',
        content: 'calling',
        reasoning_content: 'hm',
        thinking_blocks: [expected[1]?.content[0], unsigned, expected[1]?.content[1]] as Json,
        tool_calls: [call('call_1', '{"a":[1,{"b":null}]}'), call('call_2', '')],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'one' },
      { role: 'tool', tool_call_id: 'call_2', content: '' },
      user('go on'),
    ])
    expect(got).toEqual(expected)
  })

  it('keeps instructions apart, as blocks only when one is marked for the cache', () => {
    const plain = writeConversation([
      { role: 'system', content: 'A' },
      user('hi'),
      { role: 'developer', content: [text('B'), text(' ')] },
    ])
    expect(plain.system).toBe('A\n\nB')
    expect(plain.messages).toEqual([{ role: 'user', content: [text('hi')] }])
    const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } }
    const cached = writeConversation([
      { role: 'system', content: 'A' },
      { role: 'system', content: 'B', ...mark },
      user('hi'),
    ])
    expect(cached.system).toEqual([text('A'), { ...text('B'), ...mark }])
    expect(writeConversation([user('hi')]).system).toBeUndefined()
  })

  it('keeps the marks for the cache wherever they are', () => {
    const mark = { cache_control: { type: 'ephemeral' } }
    const got = turnsOf([
      user([{ ...text('a'), ...mark }, text('b')]),
      { role: 'assistant', content: 'c', ...mark, tool_calls: [call('t')] },
      { role: 'tool', tool_call_id: 't', content: [{ ...text('d'), ...mark }], ...mark },
      { ...user('e'), ...mark },
    ])
    expect(got.flatMap(turn => turn.content)).toEqual([
      { ...text('a'), ...mark },
      text('b'),
      text('c'),
      { type: 'tool_use', id: 't', name: 'f', input: {}, ...mark },
      { type: 'tool_result', tool_use_id: 't', content: [{ ...text('d'), ...mark }], ...mark },
      { ...text('e'), ...mark },
    ])
  })

  it('spells ids of other providers in the letters that Anthropic takes, the same on both sides', () => {
    const got = turnsOf([
      user('hi'),
      { role: 'assistant', content: null, tool_calls: [call('functions.f:0')] },
      { role: 'tool', tool_call_id: 'functions.f:0', content: 'x' },
    ])
    expect(got[1]?.content[0]?.id).toBe('functions_2e_f_3a_0')
    expect(got[2]?.content[0]?.tool_use_id).toBe('functions_2e_f_3a_0')
  })

  it('puts results first even when the client did not', () => {
    const got = turnsOf([
      user('hi'),
      { role: 'assistant', tool_calls: [call('t')] },
      user('wait'),
      { role: 'tool', tool_call_id: 't', content: 'x' },
    ])
    expect(got[2]?.content.map(block => block.type)).toEqual(['tool_result', 'text'])
  })

  it.each([
    [[{ role: 'system', content: 'S' }]],
    [[{ role: 'assistant', content: 'Hello' }]],
    [[user(''), { role: 'assistant', content: 'Hello' }]],
  ])('always begins with a word of the user: %j', messages => {
    expect(turnsOf(messages)[0]).toEqual({ role: 'user', content: [text('.')] })
  })

  it('takes the white space off a last word that is to be continued', () => {
    expect(turnsOf([user('hi '), { role: 'assistant', content: 'The answer is ' }])).toEqual([
      { role: 'user', content: [text('hi ')] },
      { role: 'assistant', content: [text('The answer is')] },
    ])
  })

  it.each<[Json, string]>([
    [[7], 'messages[0]'],
    [[user('a'), { role: 'function', name: 'f', content: 'x' }], 'messages[1].role'],
    [[user(7)], 'messages[0].content'],
    [[user([7])], 'messages[0].content[0]'],
    [[user([{ type: 'text', text: 7 }])], 'messages[0].content[0].text'],
    [[user([text('a'), { type: 'input_audio', input_audio: {} }])], 'messages[0].content[1].type'],
    [[user('a'), { role: 'assistant', function_call: { name: 'f' } }], 'messages[1].function_call'],
    [[user('a'), { role: 'assistant', tool_calls: {} }], 'messages[1].tool_calls'],
    [[user('a'), { role: 'assistant', tool_calls: [{ type: 'custom' }] }], 'messages[1].tool_calls[0]'],
    [[user('a'), { role: 'assistant', tool_calls: [call('')] }], 'messages[1].tool_calls[0].id'],
    [[user('a'), { role: 'assistant', tool_calls: [call('t', [1])] }], 'messages[1].tool_calls[0].function.arguments'],
    [[user('a'), { role: 'tool', content: 'x' }], 'messages[1].tool_call_id'],
  ])('%j is refused at %s', (messages, path) => {
    expect(refusedAt(messages)).toBe(path)
  })
})

const blankOrText = fc.oneof(fc.string(), fc.constantFrom('', ' ', '\n\t', 'hello '))
const parts = fc.array(
  fc.oneof(blankOrText.map(text), fc.constant({ type: 'image_url', image_url: { url: 'https://x/y.png' } })),
)
const words = fc.oneof<fc.Arbitrary<Json>[]>(blankOrText, parts as fc.Arbitrary<Json>)
const args = fc.dictionary(fc.string(), fc.jsonValue()).map(value => JSON.stringify(value))
const toolRound = fc
  .record({
    content: fc.option(blankOrText),
    calls: fc.array(fc.tuple(fc.string(), args, words), { minLength: 1, maxLength: 3 }),
  })
  .map(({ content, calls }) => (round: number): JsonObject[] => {
    const ids = calls.map(([id], index) => `${round}.${index}:${id}`)
    const results = calls.map(
      ([, , result], index) => ({ role: 'tool', tool_call_id: ids[index], content: result }) as JsonObject,
    )
    return [
      { role: 'assistant', content, tool_calls: calls.map(([, input], index) => call(ids[index] ?? '', input)) },
      ...results.reverse(),
    ]
  })
const plain = fc
  .record({ role: fc.constantFrom('system', 'developer', 'user', 'assistant'), content: words })
  .map(message => (): JsonObject[] => [message.role === 'assistant' ? { ...message, content: 'ok ' } : message])
const conversations = fc
  .array(fc.oneof(plain, toolRound), { minLength: 1, maxLength: 8 })
  .map(segments => segments.flatMap((segment, round) => segment(round)))

describe('any conversation of OpenAI', () => {
  it('gives a valid one of Anthropic', () => {
    fc.assert(
      fc.property(conversations, messages => expectValid(turnsOf(messages))),
      { numRuns: 500 },
    )
  })

  it('keeps every word that is not blank, every call and every result', () => {
    fc.assert(
      fc.property(conversations, messages => {
        const { system, messages: turns } = writeConversation(messages)
        const sent = JSON.stringify([system, turns])
        for (const message of messages) {
          if (typeof message.content !== 'string' || message.content.trim() === '') continue
          expect(sent).toContain(JSON.stringify(message.content.trimEnd()).slice(1, -1))
        }
        const count = (type: string) => turns.flatMap(turn => turn.content).filter(block => block.type === type).length
        const calls = messages.flatMap(message => (Array.isArray(message.tool_calls) ? message.tool_calls : []))
        expect(count('tool_use')).toBe(calls.length)
        expect(count('tool_result')).toBe(messages.filter(message => message.role === 'tool').length)
      }),
      { numRuns: 300 },
    )
  })
})

/** What the API checks: https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls */
function expectValid(turns: ReturnType<typeof turnsOf>): void {
  expect(turns.map(turn => turn.role)).toEqual(turns.map((_, index) => (index % 2 === 0 ? 'user' : 'assistant')))
  turns.forEach(({ content }, index) => {
    expect(content.length).toBeGreaterThan(0)
    const ids = (type: string, field: string, among = content) =>
      among
        .filter(block => block.type === type)
        .map(block => block[field])
        .sort()
    const calls = ids('tool_use', 'id', turns[index - 1]?.content ?? [])
    expect(ids('tool_result', 'tool_use_id')).toEqual(calls)
    expect(content.findLastIndex(block => block.type === 'tool_result')).toBe(calls.length - 1)
    for (const block of content) {
      if (block.type === 'text') expect(String(block.text).trim()).not.toBe('')
      if (block.type === 'tool_use')
        expect(block).toMatchObject({ id: expect.stringMatching(/^[\w-]+$/), input: expect.any(Object) })
    }
  })
  const last = turns.at(-1)
  if (last?.role === 'assistant') expect(String(last.content.at(-1)?.text ?? '')).not.toMatch(/\s$/)
}

describe('arguments of a tool that are no JSON object', () => {
  it.each(['{"a":', '{"text":"cut in a wo', '[1]', '"x"', ' '])('are sent as what the model said: %s', said => {
    const history = [
      user('a'),
      { role: 'assistant', tool_calls: [call('t', said)] },
      { role: 'tool', tool_call_id: 't', content: 'the arguments were cut' },
    ]
    expect(turnsOf(history)[1]?.content).toEqual([
      { type: 'tool_use', id: 't', name: 'f', input: { INVALID_JSON: said } },
    ])
  })
})
