import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { Pieces } from '../core/pieces.ts'
import { CONTROL_KEYS } from './control-keys.ts'
import { readBody, readBytes } from './openai.ts'
import type { RequestHeaders } from './options.ts'
import { MAX_DEPTH } from './parse-body.ts'

const messages = [{ role: 'user', content: 'hello' }]
const asked = (body: JsonObject, headers: RequestHeaders = {}) =>
  readBytes('chat', new Pieces([Buffer.from(JSON.stringify({ model: 'fast', messages, ...body }))]), headers)
const optionsOf = (body: JsonObject, headers?: RequestHeaders) => asked(body, headers).options

describe('the bytes of a request', () => {
  it('are read, and kept when nothing in them is for the router', () => {
    const bytes = Buffer.from(`{"model":"fast","messages":${JSON.stringify(messages)},"stream":true}`)
    const { pool, request, options } = readBytes('chat', new Pieces([bytes]), {})
    expect(pool).toBe('fast')
    expect(request).toEqual({
      operation: 'chat',
      body: { model: 'fast', messages, stream: true },
      streamed: true,
      source: { bytes: new Pieces([bytes]), model: { start: 9, end: 15 } },
    })
    expect(options).toEqual({})
  })

  it('are kept without what is for the router, digit by digit', () => {
    const rest = `"messages":${JSON.stringify(messages)},"seed":1234567890123456789,"x":1e400`
    const text = `{"metadata":{"a":1}, "model":"fast",${rest},"tags":["t"]}`
    const { request, options } = readBytes('chat', new Pieces([Buffer.from(text)]), {})
    const { bytes, model } = request.source ?? { bytes: new Pieces([]) }
    const kept = String(bytes.joined())
    expect(kept).toBe(`{"model":"fast",${rest}}`)
    expect(kept.slice(model?.start, model?.end)).toBe('"fast"')
    expect(Object.keys(request.body)).toEqual(['model', 'messages', 'seed', 'x'])
    expect(options.tags).toEqual(['t'])
  })

  it('of embeddings never ask for a stream', () => {
    const { request } = readBytes('embedding', new Pieces([Buffer.from('{"model":"e","input":"x","stream":true}')]), {})
    expect(request.streamed).toBe(false)
  })

  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'empty'],
    ['no JSON', '{"model":', 'not valid JSON'],
    ['no object', '[]', 'must be a JSON object'],
    ['no object', 'null', 'must be a JSON object'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'UTF-8'],
    ['nesting without end', `{"a":${'['.repeat(1_000_000)}`, 'deeper than 64'],
    ['nesting one too deep', `{"a":${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}}`, 'deeper than 64'],
  ])('that are %s are refused', (_, bytes, message) => {
    expect(() => readBytes('chat', new Pieces([Buffer.from(bytes)]), {})).toThrow(
      expect.objectContaining({ kind: 'invalid_request', message: expect.stringContaining(message) }),
    )
  })

  const nested = (levels: number): unknown => (levels === 0 ? 'x' : { a: nested(levels - 1) })
  const itself: Record<string, unknown> = {}
  itself.itself = [itself]
  it.each([
    ['a BigInt', { max_tokens: 10n }, 'the BigInt 10'],
    ['a BigInt within', { metadata: { list: [10n] } }, 'the BigInt 10'],
    ['themselves', { metadata: itself }, 'or holds itself'],
    ['5,000 levels', { metadata: nested(5_000) }, 'deeper than 64'],
    ['one level too many', { metadata: nested(MAX_DEPTH) }, 'deeper than 64'],
  ])('of this process that hold %s are refused', (_, more, message) => {
    const body = { model: 'a', messages: [{ role: 'user', content: 'hi' }], ...more }
    expect(() => readBody('chat', body)).toThrow(
      expect.objectContaining({ kind: 'invalid_request', message: expect.stringContaining(message) }),
    )
  })

  it('of this process are as deep as others may be, and may hold what writes its own JSON', () => {
    const url = Object.assign(new URL('http://a'), { itself })
    const metadata = { deep: nested(MAX_DEPTH - 2), at: new Date(0), url, unsaid: undefined }
    const body = { model: 'a', messages: [{ role: 'user', content: 'hi' }], metadata }
    expect(() => readBody('chat', body)).not.toThrow()
  })

  it('are not quoted when they are no JSON', () => {
    const read = () => readBytes('chat', new Pieces([Buffer.from('{"secret": "sk-123", nonsense')]), {})
    expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining('sk-123') }))
  })
})

describe('members for the router', () => {
  it.each([...CONTROL_KEYS])('such as %s never go upstream', name => {
    const harmless: JsonObject = {
      metadata: {},
      tags: ['a'],
      fallbacks: [],
      context_window_fallbacks: [],
      content_policy_fallbacks: [],
    }
    const numbers = ['num_retries', 'max_fallbacks', 'timeout', 'stream_timeout']
    const value = harmless[name] ?? (numbers.includes(name) ? 1 : name === 'disable_fallbacks' ? true : null)
    const { request } = asked({ [name]: value, seed: 1 })
    const sent = { model: 'fast', messages, seed: 1 }
    expect(request.body).toEqual(sent)
    expect(JSON.parse(String(request.source?.bytes.joined()))).toEqual(sent)
  })

  it('leave the body that was given as it was', () => {
    const body = { model: 'fast', messages, tags: ['a'] }
    const { request } = readBody('chat', body)
    expect(body.tags).toEqual(['a'])
    expect(request.body).toEqual({ model: 'fast', messages })
  })

  it('named __proto__ change nothing', () => {
    const text = `{"model":"fast","messages":${JSON.stringify(messages)},"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},
      "metadata":{"__proto__":{"x":1}},"fallbacks":[{"model":"b","__proto__":{"x":1}}],
      "context_window_fallbacks":[{"__proto__":["c"],"constructor":["d"]}]}`
    const { request, options } = readBytes('chat', new Pieces([Buffer.from(text)]), {})
    expect(Object.getOwnPropertyNames(request.body)).toEqual(['model', 'messages', 'constructor'])
    expect(options.fallbacks).toEqual([{ pool: 'b' }])
    expect(Object.getOwnPropertyNames(options.contextWindowFallbacks)).toEqual(['__proto__', 'constructor'])
    expect(({} as { x?: unknown }).x).toBeUndefined()
    expect((request.body as { x?: unknown }).x).toBeUndefined()
  })
})

describe('what a request asks of the router', () => {
  it('comes from headers before the body', () => {
    const body = { num_retries: 1, timeout: 30, stream_timeout: 5, metadata: { session_id: 'body' } }
    expect(optionsOf(body)).toMatchObject({ retries: 1, timeoutMs: 30_000, firstTokenMs: 5000, sessionId: 'body' })
    const headers = {
      'x-litellm-num-retries': '0',
      'x-litellm-timeout': '2.5',
      'x-litellm-stream-timeout': '1',
      'x-litellm-session-id': 'header',
      'user-agent': 'sdk/1',
      traceparent: '00-1-2-01',
    }
    expect(optionsOf(body, headers)).toMatchObject({
      retries: 0,
      timeoutMs: 2500,
      firstTokenMs: 1000,
      sessionId: 'header',
      userAgent: 'sdk/1',
      traceparent: '00-1-2-01',
    })
  })

  it('is a timeout only above 0', () => {
    expect(optionsOf({}, { 'x-litellm-timeout': '0' }).timeoutMs).toBeUndefined()
  })

  it.each(['x', '', ' ', '-1', 'NaN', 'Infinity', '1e999'])(
    'is refused when a header that is a number says %j',
    value => {
      expect(() => optionsOf({}, { 'x-litellm-num-retries': value })).toThrow(
        expect.objectContaining({ kind: 'invalid_request', param: 'x-litellm-num-retries' }),
      )
    },
  )

  it('are tags from everywhere, each once', () => {
    const headers = { 'x-litellm-tags': 'a, b,,' }
    expect(optionsOf({ tags: ['b', 'c'], metadata: { tags: ['d', 1] } }, headers).tags).toEqual(['a', 'b', 'c', 'd'])
  })

  it('are fallbacks, with parts of the request replaced', () => {
    const shorter = [{ role: 'user', content: 'x' }]
    const { fallbacks } = optionsOf({
      fallbacks: ['b', { model: 'c' }, { model: 'd', messages: shorter, stream: true, num_retries: 3 }],
    })
    expect(fallbacks).toEqual([{ pool: 'b' }, { pool: 'c' }, { pool: 'd', replace: { messages: shorter } }])
  })

  it('are tables of fallbacks by what went wrong', () => {
    const options = optionsOf({
      context_window_fallbacks: [{ a: ['b', 'c'] }, { '*': 'd' }],
      content_policy_fallbacks: null,
      disable_fallbacks: false,
    })
    expect(options.contextWindowFallbacks).toEqual({ a: [{ pool: 'b' }, { pool: 'c' }], '*': [{ pool: 'd' }] })
    expect(options).not.toHaveProperty('contentPolicyFallbacks')
    expect(options).not.toHaveProperty('disableFallbacks')
  })

  it('is no fallback at all', () => {
    expect(optionsOf({ fallbacks: null }).disableFallbacks).toBe(true)
    expect(optionsOf({ disable_fallbacks: true }).disableFallbacks).toBe(true)
  })

  it.each<JsonObject>([
    { fallbacks: [''] },
    { fallbacks: [1] },
    { fallbacks: [{ messages }] },
    { fallbacks: [{ model: 'b', api_base: 'http://169.254.169.254' }] },
    { context_window_fallbacks: { a: ['b'] } },
    { context_window_fallbacks: ['b'] },
    { context_window_fallbacks: [{ a: [null] }] },
  ])('is refused as %j', body =>
    expect(() => asked(body)).toThrow(expect.objectContaining({ kind: 'invalid_request' })),
  )

  it('is metadata under either name, and what it says of session and strategy', () => {
    expect(optionsOf({ litellm_metadata: { routing_strategy: 'mine' } })).toMatchObject({
      metadata: { routing_strategy: 'mine' },
      strategyLabel: 'mine',
    })
  })

  it('are the mocks, for whoever may allow them', () => {
    expect(optionsOf({ mock_response: 'hi', mock_testing_fallbacks: true }).mock).toEqual({
      mock_response: 'hi',
      mock_testing_fallbacks: true,
    })
  })
})
