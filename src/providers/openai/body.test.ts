import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptAt, callTo, chat } from '../../../test/support/calls.ts'
import { deployment } from '../../../test/support/settings.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { JsonObject } from '../../core/json.ts'
import { joined } from '../../core/pieces.ts'
import { findHost } from '../catalogue.ts'
import type { Quirks } from '../host.ts'
import type { ExchangeBody } from '../protocol.ts'
import { outgoingBody } from './body.ts'

const NO_QUIRKS: Quirks = { embeddings: true }
const MODEL = 'gpt-"4"\\ö'

interface Scene {
  readonly own?: Partial<Deployment>
  readonly quirks?: Partial<Quirks>
}

const textOf = (body: ExchangeBody) =>
  typeof body === 'string' ? body : String(body instanceof Uint8Array ? body : joined(body))

function send(body: string | JsonObject, { own = {}, quirks = {} }: Scene = {}) {
  const one = deployment({ id: 'a', pool: 'p', model: MODEL, baseUrl: 'http://127.0.0.1:1', ...own })
  const out = outgoingBody(attemptAt(one, callTo('p', { request: chat(body) })), { ...NO_QUIRKS, ...quirks })
  const text = textOf(out.body)
  return { ...out, text, sent: JSON.parse(text) as JsonObject, isSpliced: typeof out.body !== 'string' }
}

const messages = [{ role: 'user', content: 'hello' }]
const rules = { dropUnsupported: false, drop: [], allow: [] }

describe("the client's bytes", () => {
  it('are kept around the name of the model', () => {
    const before = '{ "messages" :[{"role":"user","content":"h\\u00e4 \\ud83d\\ude00"}],\n "model" : '
    const after = ' ,"seed":12345678901234567890,"x":1.0 }'
    const { text } = send(`${before}"fast"${after}`)
    expect(text).toBe(`${before}${JSON.stringify(MODEL)}${after}`)
  })

  it('stay the same JSON but for the model and what was put in, wherever things stand', () => {
    const names = fc.constantFrom('temperature', 'seed', 'stop', 'user', 'x_model', 'a"b', 'möd€l', '')
    const members = fc.dictionary(names, fc.jsonValue({ maxDepth: 3 }))
    const spaces = fc.constantFrom(undefined, 1, '\t')
    fc.assert(
      fc.property(members, members, fc.boolean(), spaces, fc.boolean(), (first, last, streamed, space, escaped) => {
        const numbers = (from: Record<string, unknown>) =>
          Object.fromEntries(Object.entries(from).filter(([name]) => name !== 'temperature'))
        const body = { ...numbers(first), model: 'fast', messages, ...(streamed && { stream: true }), ...numbers(last) }
        const written = JSON.stringify(body, undefined, space)
        const text = escaped ? written.replace('"model"', '"m\\u006fdel"') : written
        const { sent, isSpliced, hideUsage } = send(text)
        expect(isSpliced).toBe(true)
        expect(hideUsage).toBe(streamed)
        expect(sent).toEqual({
          ...(JSON.parse(text) as JsonObject),
          model: MODEL,
          ...(streamed && { stream_options: { include_usage: true } }),
        })
      }),
    )
  })

  it('stay as they are around members that go, change their names or are replaced', () => {
    const text = `{"user":"u","max_tokens":5,"model":"a","seed":1234567890123456789,"max_completion_tokens":null,
      "stream":true,"stream_options":{"include_usage":false},"messages":${JSON.stringify(messages)},"x":1e400,"logit_bias":{}}`
    const { text: sent, dropped } = send(text, {
      own: { defaults: { random_seed: null, top_k: 4 }, parameters: { ...rules, drop: ['user', 'logit_bias'] } },
      quirks: { maxTokensField: 'max_completion_tokens', rename: { seed: 'random_seed' } },
    })
    expect(sent).toBe(
      `{"max_completion_tokens":5,"model":${JSON.stringify(MODEL)},"top_k":4,"stream_options":{"include_usage":true},` +
        `"random_seed":1234567890123456789,
      "stream":true,"messages":${JSON.stringify(messages)},"x":1e400}`,
    )
    expect(dropped).toEqual(['user', 'logit_bias'])
  })

  it('say the same as a body that is written', () => {
    const limit = fc.option(fc.option(fc.constantFrom(1, 2)), { nil: undefined })
    const limits = fc.record({ max_tokens: limit, max_completion_tokens: limit, seed: limit, user: limit })
    const fields = fc.constantFrom('max_tokens', 'max_completion_tokens', undefined)
    fc.assert(
      fc.property(limits, limits, fields, (own, configured, maxTokensField) => {
        const present = (all: object) => JSON.parse(JSON.stringify(all)) as JsonObject
        const body = { ...present(own), model: 'm', messages, stream: true, stream_options: null }
        const scene = {
          own: { defaults: present(configured), parameters: { ...rules, drop: ['user'] } },
          quirks: { ...(maxTokensField && { maxTokensField }), rename: { seed: 'random_seed' } },
        } as const
        expect(send(JSON.stringify(body), scene).sent).toEqual(send(body, scene).sent)
      }),
    )
  })

  it("keep the digits of the client's tools beside the deployment's", () => {
    const tool = '{"type":"function","function":{"name":"f","parameters":{"maximum":9223372036854775807}}}'
    const text = `{"model":"a","tools":[${tool}],"messages":${JSON.stringify(messages)}}`
    const { text: sent } = send(text, { own: { defaults: { tools: [{ name: 'g' }] } } })
    expect(sent).toContain(`"tools":[${tool},{"name":"g"}]`)
  })

  it('are not there in the library: the body is written', () => {
    expect(send({ model: 'a', messages })).toMatchObject({ isSpliced: false, sent: { model: MODEL, messages } })
  })
})

describe('usage in a stream', () => {
  const asks = (stream_options: JsonObject | null | undefined, scene?: Scene) =>
    send({ stream: true, ...(stream_options !== undefined && { stream_options }) }, scene)

  it('is asked for, and hidden unless the client asked', () => {
    expect(asks(undefined)).toMatchObject({ hideUsage: true, sent: { stream_options: { include_usage: true } } })
    expect(asks({ include_usage: true })).toMatchObject({ hideUsage: false })
    expect(asks({ include_usage: false, x: 1 })).toMatchObject({
      hideUsage: true,
      sent: { stream_options: { include_usage: true, x: 1 } },
    })
    expect(asks(null)).toMatchObject({ hideUsage: true, sent: { stream_options: { include_usage: true } } })
    expect(asks(undefined, { own: { defaults: { stream_options: { y: 1 } } } }).sent.stream_options).toEqual({
      y: 1,
      include_usage: true,
    })
  })

  it('is not asked of a host that refuses the question', () => {
    const quirks = { streamOptions: false as const }
    expect(asks(undefined, { quirks })).toMatchObject({ hideUsage: true })
    expect(asks(undefined, { quirks }).sent).not.toHaveProperty('stream_options')
    const asked = asks({ include_usage: true }, { quirks })
    expect(asked.sent).not.toHaveProperty('stream_options')
    expect([asked.hideUsage, asked.dropped]).toEqual([false, undefined])
  })

  it('is not asked for in a whole answer', () => {
    expect(send({ stream: false }).sent).not.toHaveProperty('stream_options')
  })
})

describe('a limit that was put into the request', () => {
  it('stands behind the model in the bytes of the client', () => {
    const bytes = `{"model":"a","messages":${JSON.stringify(messages)}}`
    const { source, ...request } = chat(bytes)
    const added = { max_tokens: 50 }
    const limited = { ...request, body: { ...request.body, ...added }, ...(source && { source: { ...source, added } }) }
    const one = deployment({ id: 'a', pool: 'p', model: MODEL, baseUrl: 'http://127.0.0.1:1' })
    const { body } = outgoingBody(attemptAt(one, callTo('p', { request: limited })), NO_QUIRKS)
    expect(textOf(body)).toBe(
      `{"model":${JSON.stringify(MODEL)},"max_tokens":50,"messages":${JSON.stringify(messages)}}`,
    )
  })
})

describe('parameters', () => {
  it('of the deployment fill in what the client left out', () => {
    const own = { defaults: { temperature: 0.5, seed: 1, tools: [{ name: 'b' }] } }
    expect(send({ temperature: 1, tools: [{ name: 'a' }] }, { own }).sent).toMatchObject({
      temperature: 1,
      seed: 1,
      tools: [{ name: 'a' }, { name: 'b' }],
    })
    const bytes = `{"model":"a","messages":${JSON.stringify(messages)},"temperature":null}`
    expect(send(bytes, { own: { defaults: { seed: 1, temperature: 0.5 } } })).toMatchObject({
      isSpliced: true,
      sent: { temperature: null, seed: 1 },
    })
  })

  it('that are always to be left out are, and are told of', () => {
    const own = { parameters: { ...rules, drop: ['seed', 'user'] } }
    const { sent, dropped } = send({ seed: 1, temperature: 1 }, { own })
    expect(sent).not.toHaveProperty('seed')
    expect(dropped).toEqual(['seed'])
  })

  it('that the host does not take are refused, dropped or let through, as configured', () => {
    const quirks = { unsupported: ['logit_bias'] }
    const body = { logit_bias: { 1: 2 } }
    expect(() => send(body, { quirks })).toThrow(
      expect.objectContaining({ kind: 'invalid_request', param: 'logit_bias' }),
    )
    const dropped = send(body, { quirks, own: { parameters: { ...rules, dropUnsupported: true } } })
    expect([dropped.sent.logit_bias, dropped.dropped]).toEqual([undefined, ['logit_bias']])
    expect(send(body, { quirks, own: { parameters: { ...rules, allow: ['logit_bias'] } } }).sent.logit_bias).toEqual({
      1: 2,
    })
    expect(send({ logit_bias: null }, { quirks }).sent).not.toHaveProperty('logit_bias')
  })

  it('are called as the host calls them', () => {
    const quirks = { maxTokensField: 'max_tokens' as const, rename: { seed: 'random_seed' } }
    expect(send({ max_completion_tokens: 5, seed: 1 }, { quirks }).sent).toMatchObject({
      max_tokens: 5,
      random_seed: 1,
    })
    expect(send({ max_completion_tokens: 5 }, { quirks }).sent).not.toHaveProperty('max_completion_tokens')
    expect(send({ max_completion_tokens: 5, max_tokens: 7 }, { quirks }).sent).toMatchObject({ max_tokens: 7 })
    expect(send({ max_tokens: 5 }, { quirks: { maxTokensField: 'max_completion_tokens' } }).sent).toMatchObject({
      max_completion_tokens: 5,
    })
    expect(send({ max_completion_tokens: 5 }, { quirks }).dropped).toBeUndefined()
    expect(send({ max_completion_tokens: 5, max_tokens: null }, { quirks }).sent).toMatchObject({ max_tokens: 5 })
    const own = { defaults: { max_tokens: 1000 } }
    expect(send({ max_completion_tokens: 5 }, { quirks, own }).sent).toMatchObject({ max_tokens: 5 })
    expect(send({ max_completion_tokens: 5 }, { own }).sent).not.toHaveProperty('max_tokens')
  })

  it.each(['mistral', 'codestral', 'groq', 'cerebras', 'gemini'])(
    'of other hosts in messages do not go to %s',
    name => {
      const quirks = findHost(name)?.quirks ?? {}
      const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }
      const foreign = { reasoning_content: 'hm', thinking_blocks: [], refusal: null, annotations: [], parsed: null }
      const mark = { cache_control: { type: 'ephemeral' } }
      const text = { type: 'text', text: 'hello' }
      const history = [
        { role: 'system', content: [{ ...text, ...mark }, text] },
        { role: 'assistant', content: null, tool_calls: [call], ...foreign },
        { role: 'tool', tool_call_id: 'a', content: 'x'.repeat(5_000), ...mark },
      ]
      expect(send(JSON.stringify({ model: 'm', messages: history }), { quirks }).sent.messages).toEqual([
        { role: 'system', content: [text, text] },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'a', content: 'x'.repeat(5_000) },
      ])
      expect(send(JSON.stringify({ model: 'm', messages: history })).sent.messages).toEqual(history)
      expect(send(JSON.stringify({ model: 'm', messages }), { quirks }).isSpliced).toBe(true)
    },
  )

  it.each(['mistral', 'groq', 'cerebras'])('of other hosts in tools and their calls do not go to %s', name => {
    const quirks = findHost(name)?.quirks ?? {}
    const said = { name: 'f', arguments: '{}' }
    const calls = (own: JsonObject, mark: JsonObject) => [
      { role: 'assistant', tool_calls: [{ id: 'a', type: 'function', function: { ...said, ...own }, ...mark }] },
    ]
    const mark = { cache_control: { type: 'ephemeral' } }
    const schema = '{"maximum":9223372036854775807,"properties":{"cache_control":{}}}'
    const tool = (marks: string) => `{"type":"function","function":{"name":"f","parameters":${schema}}${marks}}`
    const { text, sent } = send(
      `{"model":"m","messages":${JSON.stringify(calls({ parsed_arguments: {} }, mark))},"tools":[${tool(',"cache_control":{}')}]}`,
      { quirks },
    )
    expect(sent.messages).toEqual(calls({}, {}))
    expect(text).toContain(`"tools":[${tool('')}]`)
  })

  it.each([
    ['gpt-5-mini', true],
    ['gpt-5.1-2025-11-13', true],
    ['o4-mini', true],
    ['ft:o4-mini-2025-04-16:org::id', true],
    ['gpt-4o-mini', false],
    ['gpt-oss-120b', false],
    ['foo1', false],
  ])('limit the output of %s by max_completion_tokens: %s', (model, isNew) => {
    const quirks = findHost('openai')?.quirks ?? {}
    const { sent } = send(JSON.stringify({ model: 'm', messages, max_tokens: 5 }), { quirks, own: { model } })
    expect(sent).toMatchObject({ [isNew ? 'max_completion_tokens' : 'max_tokens']: 5 })
    expect(sent.max_tokens === undefined).toBe(isNew)
    const given = send({ max_completion_tokens: 5 }, { quirks, own: { model, defaults: { max_tokens: 9 } } })
    expect(given.sent).toMatchObject({ max_completion_tokens: 5 })
    expect(given.sent).not.toHaveProperty('max_tokens')
    const dropped = send({ max_tokens: 5 }, { quirks, own: { model, parameters: { ...rules, drop: ['max_tokens'] } } })
    expect(dropped.sent).toEqual({ model, messages })
  })
})
