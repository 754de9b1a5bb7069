import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fault, type Upstream } from '../src/testing/index.ts'
import { captureOutput } from './support/capture.ts'
import { crowd } from './support/crowd.ts'
import { corpus } from './support/data.ts'
import { chat, errorOf, type RawAnswer, type RawRequest, raw } from './support/raw.ts'
import { Secrets } from './support/secrets.ts'
import { type Served, Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
const secrets = new Secrets()
const exporter = new InMemorySpanExporter()
const output = captureOutput()
const answers: RawAnswer[] = []
let upstream: Upstream
let served: Served

const SETTINGS = `router_settings: {num_retries: 0, disable_cooldowns: true}
general_settings: {master_key: ${secrets.master}}
tollgate_settings:
  body_limit_mb: 1
`

beforeAll(async () => {
  upstream = await stage.upstream()
  const pools = ['fast', 'spare'].map(pool => ({ pool, baseUrl: upstream.baseUrl, key: secrets.provider }))
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const warn = (message: string) => process.stderr.write(`${message}\n`)
  served = await stage.gateway(modelList(...pools) + SETTINGS, { tracer: provider.getTracer('test'), warn })
})

afterAll(async () => {
  output.stop()
  await stage.clear()
})

const withKey = { authorization: `Bearer ${secrets.master}` }
const JSON_WITH_KEY = { 'content-type': 'application/json', ...withKey }
const CHAT = '/v1/chat/completions'

/** One request, kept for the search for secrets at the end. */
async function ask(path: string, request: RawRequest = {}): Promise<RawAnswer> {
  const answer = await raw(`${served.url}${path}`, { headers: JSON_WITH_KEY, ...request })
  answers.push(answer)
  return answer
}

function say(value: unknown, path = CHAT): Promise<RawAnswer> {
  return ask(path, { body: typeof value === 'string' ? value : JSON.stringify(value) })
}

/** OpenAI's error shape, without a trace of our own insides, and nothing dialled. */
async function expectRefusal(answer: RawAnswer, status: number, about: object = {}): Promise<void> {
  expect(answer.status).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  const error = errorOf(answer)
  expect(error).toMatchObject({
    message: expect.any(String),
    type: expect.any(String),
    code: expect.any(String),
    ...about,
  })
  expect(error.message).not.toBe('')
  expect(answer.text).not.toMatch(/\.ts:|\.mjs:|node_modules|\bat \w+ \(/)
}

/** What the upstream has seen since. */
function sinceNow(): () => number {
  const before = upstream.log.length
  return () => upstream.log.length - before
}

const hello = [{ role: 'user', content: 'hello' }]
const body = (more: object) => ({ model: 'fast', messages: hello, ...more })
const deep = (open: string, close: string, times: number) => `${open.repeat(times)}1${close.repeat(times)}`

describe('bodies that are refused', () => {
  const rows: readonly (readonly [string, unknown, string | null])[] = [
    ['text', 'nope', null],
    ['nothing', '', null],
    ['spaces', '  \n ', null],
    ['null', 'null', null],
    ['an array', [body({})], null],
    ['a string', '"hello"', null],
    ['a number', '42', null],
    ['half a body', JSON.stringify(body({})).slice(0, -3), null],
    ['two bodies', `${JSON.stringify(body({}))}{}`, null],
    ['a byte order mark', `\ufeff${JSON.stringify(body({}))}`, null],
    ['NaN', '{"model": "fast", "messages": [], "temperature": NaN}', null],
    ['brackets without end', '['.repeat(100_000), null],
    ['objects without end', '{"a":'.repeat(10_000), null],
    ['deep arrays', deep('[', ']', 100_000), null],
    ['deep objects', deep('{"a":', '}', 10_000), null],
    ['a deep parameter', `{"model": "fast", "messages": [], "x": ${deep('[', ']', 64)}}`, null],
    ['no model', { messages: hello }, 'model'],
    ['model: null', body({ model: null }), 'model'],
    ['model: a number', body({ model: 7 }), 'model'],
    ['model: nothing', body({ model: ' ' }), 'model'],
    ['model: an object', body({ model: { name: 'fast' } }), 'model'],
    ['no messages', { model: 'fast' }, 'messages'],
    ['messages: null', body({ messages: null }), 'messages'],
    ['messages: text', body({ messages: 'hello' }), 'messages'],
    ['messages: none', body({ messages: [] }), 'messages'],
    ['messages: an object', body({ messages: { 0: hello[0] } }), 'messages'],
    ['a message that is text', body({ messages: ['hello'] }), 'messages[0]'],
    ['a message that is null', body({ messages: [...hello, null] }), 'messages[1]'],
    ['a message that is a list', body({ messages: [[]] }), 'messages[0]'],
    ['a message without a role', body({ messages: [{ content: 'hello' }] }), 'messages[0].role'],
    ['stream: text', body({ stream: 'true' }), 'stream'],
    ['stream_options: true', body({ stream: true, stream_options: true }), 'stream_options'],
    ['max_tokens: -1', body({ max_tokens: -1 }), 'max_tokens'],
    ['max_tokens: 0', body({ max_tokens: 0 }), 'max_tokens'],
    ['max_tokens: 1.5', body({ max_tokens: 1.5 }), 'max_tokens'],
    ['max_tokens: text', body({ max_tokens: '5' }), 'max_tokens'],
    ['max_tokens: beyond numbers', JSON.stringify(body({ max_tokens: 1 })).replace(':1}', ':1e999}'), 'max_tokens'],
    ['max_completion_tokens: -5', body({ max_completion_tokens: -5 }), 'max_completion_tokens'],
    ['n: 0', body({ n: 0 }), 'n'],
    ['temperature: text', body({ temperature: 'hot' }), 'temperature'],
    ['tools: an object', body({ tools: {} }), 'tools'],
    ['metadata: text', body({ metadata: 'x' }), 'metadata'],
    ['metadata: a list', body({ metadata: [] }), 'metadata'],
    ['tags: numbers', body({ tags: [1] }), 'tags'],
    ['num_retries: -1', body({ num_retries: -1 }), 'num_retries'],
    ['timeout: 0', body({ timeout: 0 }), 'timeout'],
    ['fallbacks: text', body({ fallbacks: 'spare' }), 'fallbacks'],
    ['fallbacks: numbers', body({ fallbacks: [1] }), 'fallbacks[0]'],
    [
      'context_window_fallbacks: a map',
      body({ context_window_fallbacks: { fast: ['spare'] } }),
      'context_window_fallbacks',
    ],
  ]
  it.each(rows)('%s', async (_, value, param) => {
    const seen = sinceNow()
    const answer = await say(value)
    await expectRefusal(answer, 400, { type: 'invalid_request_error', param })
    expect(seen()).toBe(0)
  })

  it.each([
    ['/v1/completions', { model: 'fast' }, 'prompt'],
    ['/v1/completions', { model: 'fast', prompt: 5 }, 'prompt'],
    ['/v1/embeddings', { model: 'fast' }, 'input'],
    ['/v1/embeddings', { model: 'fast', input: [] }, 'input'],
    ['/v1/embeddings', { model: 'fast', input: {} }, 'input'],
  ])('%s %j', async (path, value, param) => {
    await expectRefusal(await say(value, path), 400, { param })
  })

  it('bytes that are no UTF-8', async () => {
    const seen = sinceNow()
    const [before, after] = JSON.stringify(body({})).split('hello')
    for (const bytes of [[0xff], [0xc0, 0xa2], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      const broken = Buffer.concat([Buffer.from(before ?? ''), Buffer.from(bytes), Buffer.from(after ?? '')])
      await expectRefusal(await ask(CHAT, { body: broken }), 400, { type: 'invalid_request_error' })
    }
    expect(seen()).toBe(0)
  })

  it('a body over the limit, said or not', async () => {
    const seen = sinceNow()
    const long = JSON.stringify(body({ messages: [{ role: 'user', content: 'x'.repeat(1 << 20) }] }))
    await expectRefusal(await ask(CHAT, { body: long }), 413)
    const chunked = { ...JSON_WITH_KEY, 'transfer-encoding': 'chunked' }
    await expectRefusal(await ask(CHAT, { body: long, headers: chunked }), 413)
    expect(seen()).toBe(0)
  })
})

describe('models that there are not', () => {
  it('are 404, with the nearest names', async () => {
    const answer = await say(body({ model: 'fasst' }))
    await expectRefusal(answer, 404, { code: 'model_not_found', param: 'model' })
    expect(errorOf(answer).message).toContain('fast')
  })

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'fast/../fast',
    'fast\u0000',
    'x'.repeat(100_000),
  ])('%#', async name => {
    const seen = sinceNow()
    const answer = await say(body({ model: name }))
    await expectRefusal(answer, 404, { code: 'model_not_found' })
    expect(answer.text.length).toBeLessThan(1000)
    expect(seen()).toBe(0)
  })
})

/** Written out here: a name that is lost from the gateway's own list must be missed. */
const ADDRESSES = [
  'api_base base_url api_key api_version organization custom_llm_provider litellm_credential_name extra_headers headers',
  'ssl_verify user_config aws_access_key_id aws_secret_access_key vertex_credentials azure_ad_token',
].flatMap(line => line.split(' '))

describe('R1: what would choose the address or the credentials', () => {
  const evil = 'http://127.0.0.1:9/evil'
  const inputs: readonly (readonly [string, object])[] = [
    [CHAT, { messages: hello }],
    ['/v1/completions', { prompt: 'hello' }],
    ['/v1/embeddings', { input: 'hello' }],
    ['/v1/route/explain', { messages: hello }],
  ]
  it.each(ADDRESSES)('%s is refused on every route', async name => {
    const seen = sinceNow()
    for (const [path, input] of inputs) {
      await expectRefusal(await say({ model: 'fast', ...input, [name]: evil }, path), 400, { param: name })
    }
    expect(seen()).toBe(0)
  })

  it.each(ADDRESSES)('%s of a fallback is refused as well', async name => {
    const seen = sinceNow()
    const fallbacks = [{ model: 'spare', [name]: evil }]
    await expectRefusal(await say(body({ fallbacks })), 400)
    await expectRefusal(await say(body({ context_window_fallbacks: [{ fast: fallbacks }] })), 400)
    expect(seen()).toBe(0)
  })

  it.each(['x-portkey-custom-host', 'x-litellm-api-base', 'helicone-target-url', 'x-api-base', 'x-forwarded-host'])(
    'R2: the header %s changes nothing and is not passed on',
    async name => {
      const headers = { ...JSON_WITH_KEY, [name]: evil, cookie: 'a=b', 'x-forwarded-for': '10.0.0.1' }
      const answer = await ask(CHAT, { headers, body: JSON.stringify(body({})) })
      expect(answer.status).toBe(200)
      const sent = upstream.log.at(-1)?.headers ?? {}
      expect(Object.keys(sent)).not.toEqual(expect.arrayContaining([name]))
      expect(sent.cookie).toBeUndefined()
      expect(sent['x-forwarded-for']).toBeUndefined()
      expect(sent.authorization).toBe(`Bearer ${secrets.provider}`)
    },
  )
})

describe('keys', () => {
  const keys: readonly (readonly [string, Record<string, string>])[] = [
    ['none', {}],
    ['a wrong one', { authorization: `Bearer ${secrets.wrong}` }],
    ['a wrong one in x-api-key', { 'x-api-key': secrets.wrong }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a beginning of the right one', { authorization: `Bearer ${secrets.master.slice(0, -1)}` }],
    ['the right one and more', { authorization: `Bearer ${secrets.master}0` }],
    ['another scheme', { authorization: `Basic ${Buffer.from(`:${secrets.master}`).toString('base64')}` }],
    ['SQL', { authorization: "Bearer ' OR '1'='1' --" }],
  ]
  const routes = [
    ['POST', CHAT],
    ['POST', '/v1/embeddings'],
    ['GET', '/v1/models'],
    ['GET', '/health'],
    ['POST', '/v1/route/explain'],
  ] as const
  it.each(keys)('%s: 401 on every route, and the key is not repeated', async (_, headers) => {
    const seen = sinceNow()
    for (const [method, path] of routes) {
      const content = method === 'POST' ? { body: JSON.stringify(body({})) } : {}
      const answer = await ask(path, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...content,
      })
      await expectRefusal(answer, 401, { type: 'authentication_error' })
    }
    expect(seen()).toBe(0)
  })

  it('two Authorization headers are refused, whichever of them is right', async () => {
    const seen = sinceNow()
    const both = [`Bearer ${secrets.master}`, `Bearer ${secrets.wrong}`]
    for (const values of [both, both.toReversed(), [both[0], both[0]]]) {
      const headers = [
        'content-type',
        'application/json',
        'connection',
        'close',
        'host',
        '127.0.0.1',
        ...values.flatMap(value => ['authorization', value ?? '']),
      ]
      await expectRefusal(await ask(CHAT, { headers, body: JSON.stringify(body({})) }), 400)
    }
    expect(seen()).toBe(0)
  })

  it('a stranger’s body is not read', async () => {
    const answer = await ask(CHAT, { headers: { 'content-type': 'application/json' }, body: '['.repeat(100_000) })
    await expectRefusal(answer, 401)
  })
})

describe('requests that are no call', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'text/json',
    'nonsense',
  ])('content-type %s is 415', async type => {
    const seen = sinceNow()
    const headers = { ...withKey, 'content-type': type }
    await expectRefusal(await ask(CHAT, { headers, body: JSON.stringify(body({})) }), 415)
    expect(seen()).toBe(0)
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8'])(
    'content-type %s is taken',
    async type => {
      const headers = { ...withKey, 'content-type': type }
      expect((await ask(CHAT, { headers, body: JSON.stringify(body({})) })).status).toBe(200)
    },
  )

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s of the chat route is 404', async method => {
    await expectRefusal(await ask(CHAT, { method }), 404)
  })

  it.each(['/v2/chat/completions', '/v1/chat/completions/', '/v1/chat', '/admin', '/.env', '/v1/chat/completions%00'])(
    '%s is 404',
    async path => {
      await expectRefusal(await ask(path, { body: JSON.stringify(body({})) }), 404)
    },
  )

  it.each([
    '/v1/responses',
    '/v1/messages',
    '/v1/images/generations',
    '/v1/audio/speech',
    '/key/generate',
    '/spend/logs',
  ])('%s is planned: 501', async path => {
    await expectRefusal(await ask(path, { body: '{}' }), 501)
  })

  it.each(['/%', '/v1/models/%ff', '/%E0%A4%A', `/${'a'.repeat(10_000)}`])(
    'the address %# is refused in the same shape',
    async path => {
      const answer = await ask(path, { method: 'GET' })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      await expectRefusal(answer, answer.status)
      expect(answer.status).toBeLessThan(500)
    },
  )

  it.each(['abc', '-1', '1e999', 'NaN', ''])('the header x-litellm-timeout: %j is refused', async value => {
    const headers = { ...JSON_WITH_KEY, 'x-litellm-timeout': value }
    await expectRefusal(await ask(CHAT, { headers, body: JSON.stringify(body({})) }), 400)
  })

  const smuggled: readonly (readonly [string, string])[] = [
    ['two lengths', 'content-length: 5\r\ncontent-length: 6\r\n\r\nhello'],
    ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an odd transfer encoding', 'transfer-encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a header without a name', ': value\r\n\r\n'],
    ['a folded header', 'x-a: b\r\n c\r\ncontent-length : 5\r\n\r\nhello'],
    ['a NUL', 'x-a: b\0c\r\n\r\n'],
    ['64 kB of headers', `x-a: ${'a'.repeat(65_536)}\r\n\r\n`],
  ]
  it.each(smuggled)('%s: refused by the parser, in the same shape, and never twice answered', async (_, rest) => {
    const seen = sinceNow()
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${secrets.master}\r\n`
    const text = await exchange(head + rest)
    expect(text).toMatch(/^HTTP\/1\.1 (400|431) /)
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: { type: 'invalid_request_error' } })
    expect(secrets.foundIn(text)).toEqual([])
    expect(seen()).toBe(0)
  })
})

describe('what is nobody’s error', () => {
  it('unknown parameters reach the upstream as they are', async () => {
    const more = { top_k: 5, my_parameter: { a: [1, 'ü', null], b: {} }, seed: 7 }
    expect((await say(body(more))).status).toBe(200)
    expect(upstream.log.at(-1)?.body).toMatchObject(more)
  })

  it('numbers beyond the precision of JavaScript reach it digit by digit', async () => {
    const text = JSON.stringify(body({ seed: 0, x: 0 }))
      .replace('"seed":0', '"seed":12345678901234567890')
      .replace('"x":0', '"x":1e-400')
    expect((await say(text)).status).toBe(200)
    expect(upstream.log.at(-1)?.bytes.toString()).toContain('"seed":12345678901234567890,"x":1e-400')
  })

  it('two members of one name are read as one by everybody', async () => {
    const text = '{"model":"nobody","model":"fast","messages":[{"role":"user","content":"hello"}]}'
    expect((await say(text)).status).toBe(200)
    expect(upstream.log.at(-1)?.bytes.toString()).not.toContain('nobody')
  })

  it.each([
    '{"__proto__":{"polluted":1},"model":"fast","messages":[{"role":"user","content":"hello"}]}',
    '{"model":"fast","messages":[{"role":"user","content":"hello","__proto__":{"polluted":1}}]}',
    '{"model":"fast","messages":[{"role":"user","content":"hello"}],"constructor":{"prototype":{"polluted":1}}}',
    '{"model":"fast","messages":[{"role":"user","content":"hello"}],"metadata":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}',
    '{"model":"fast","messages":[{"role":"user","content":"hello"}],"fallbacks":[{"model":"spare","__proto__":{"polluted":1}}]}',
    '{"model":"fast","messages":[{"role":"user","content":"hello"}],"context_window_fallbacks":[{"__proto__":["spare"]}]}',
  ])('prototypes are not polluted: %#', async text => {
    expect((await say(text)).status).toBeLessThan(500)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})

describe('what upstreams say of errors', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'a code %s is a code like any other',
    async code => {
      upstream.next(fault.status(400, { code, message: 'no' }))
      const answer = await say(body({}))
      await expectRefusal(answer, 400, { code })
    },
  )

  it.each([400, 401, 403, 404, 422, 429, 500, 503])('a %i that quotes the key does not carry it on', async status => {
    const told = { message: `wrong key ${secrets.provider}`, code: `code-${secrets.provider}`, type: secrets.provider }
    upstream.next(
      fault.status(status, told),
      fault.errorInOk(`about ${secrets.provider}`),
      fault.streamError({ message: secrets.provider }),
    )
    for (const stream of [false, false, true]) {
      const answer = await say(body({ stream }))
      expect(answer.text).toContain('"error"')
      expect(secrets.foundIn(answer.text)).toEqual([])
    }
  })
})

const suite = corpus('fuzz/JSONTestSuite/test_parsing')
describe.skipIf(!suite)('JSONTestSuite', () => {
  const files = suite ? readdirSync(suite).map(name => [name, readFileSync(join(suite, name))] as const) : []

  it('as bodies: none of them is a call, and none breaks anything', async () => {
    const seen = sinceNow()
    const statuses = await crowd(files, 8, async ([, content]) => (await ask(CHAT, { body: content })).status)
    expect(files.length).toBeGreaterThan(300)
    expect(files.filter((_, index) => statuses[index] !== 400).map(([name]) => name)).toEqual([])
    expect(seen()).toBe(0)
  })

  it('as a parameter: what is JSON arrives as it is, what is none is refused', async () => {
    const [before, after] = JSON.stringify(body({ x: 'HERE' })).split('"HERE"')
    const wrong = await crowd(files, 8, async ([name, content]) => {
      const text = Buffer.concat([Buffer.from(before ?? ''), content, Buffer.from(after ?? '')])
      const { status } = await ask(CHAT, { body: text })
      const fits = name.startsWith('y_') ? status === 200 : name.startsWith('n_') ? status === 400 : status < 500
      return fits ? [] : [`${name}: ${status}`]
    })
    expect(wrong.flat()).toEqual([])
    const sent = new Set(upstream.log.map(record => record.bytes.toString('latin1')))
    for (const [name, content] of files) {
      if (!name.startsWith('y_')) continue
      const arrived = [...sent].some(text => text.includes(`"x":${content.toString('latin1')}`))
      expect([name, arrived]).toEqual([name, true])
    }
  })

  it('as answers: each is a bad answer', async () => {
    const wrong: string[] = []
    for (const [name, content] of files) {
      upstream.next(fault.body(content))
      const answer = await say(body({}))
      if (answer.status !== 502 || errorOf(answer).code !== 'bad_answer') wrong.push(`${name}: ${answer.status}`)
    }
    expect(wrong).toEqual([])
  })
})

const blns = corpus('fuzz/blns/blns.json')
describe.skipIf(!blns)('naughty strings', () => {
  const strings = blns ? (JSON.parse(readFileSync(blns, 'utf8')) as string[]) : []

  it('as prompts reach the upstream intact', async () => {
    const before = upstream.log.length
    const statuses = await crowd(strings, 8, async text => (await say(chat('fast', text))).status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    const prompts = upstream.log.slice(before).map(record => record.prompt)
    expect(prompts.toSorted()).toEqual(strings.toSorted())
  })

  it('as model names are never a fault of ours', async () => {
    const statuses = await crowd(strings, 8, async text => (await say(chat(text, 'hello'))).status)
    expect(strings.filter((_, index) => ![400, 404].includes(statuses[index] ?? 0))).toEqual([])
  })

  it('as metadata and tags stand in the lines as they are', async () => {
    const before = (await served.lines()).length
    const statuses = await crowd(strings, 8, async text => {
      return (
        await say(chat('fast', 'hello', { metadata: { text, [text]: 1, session_id: text }, tags: [text], user: text }))
      ).status
    })
    expect(new Set(statuses)).toEqual(new Set([200]))
    const lines = (await served.lines()).slice(before)
    expect(lines.map(line => line.metadata.text).toSorted()).toEqual(strings.toSorted())
  })

  it('as answers come through intact', async () => {
    const wrong: string[] = []
    upstream.script({ answer: request => request.prompt })
    await crowd(strings, 8, async text => {
      const answer = await say(chat('fast', text))
      if (JSON.parse(answer.text).choices[0].message.content !== text) wrong.push(text)
    })
    upstream.script({ answer: 'hello' })
    expect(wrong).toEqual([])
  })
})

describe('I7: after all of this', () => {
  it('no key is in any body, header, line, span or output', async () => {
    const spans = exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
    const places = {
      bodies: answers.map(answer => answer.text).join('\n'),
      headers: JSON.stringify(answers.map(answer => answer.headers)),
      lines: await served.linesText(),
      spans: JSON.stringify(spans),
      output: output.text(),
      config: inspect(served.assembly.config, { depth: 20, maxArrayLength: null }),
      health: (await ask('/health', { method: 'GET' })).text,
    }
    expect(spans.length).toBeGreaterThan(50)
    expect(places.lines.length).toBeGreaterThan(1000)
    for (const [place, text] of Object.entries(places)) expect([place, ...secrets.foundIn(text)]).toEqual([place])
  })

  it('no answer was a fault of the gateway, and none holds a stack', () => {
    expect(answers.filter(answer => answer.status === 500).map(answer => answer.text)).toEqual([])
    expect(answers.filter(answer => /\bat .*\.(ts|mjs|js):\d+/.test(answer.text))).toEqual([])
  })

  it('the gateway still answers', async () => {
    expect((await say(body({}))).status).toBe(200)
  })
})

/** Writes bytes on a connection of its own, and reads until it is closed. */
function exchange(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(served.url)
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')))
    let read = ''
    socket.on('data', bytes => {
      read += bytes.toString('latin1')
    })
    socket.on('close', () => resolve(read))
    socket.on('error', error => (read === '' ? reject(error) : resolve(read)))
  })
}
