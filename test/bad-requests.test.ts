import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { afterAllOfThis, besiege, body, CHAT, expectRefusal } from './support/siege.ts'

const siege = besiege()
const { ask, sinceNow, secrets, withKey } = siege
const JSON_WITH_KEY = { 'content-type': 'application/json', ...withKey }

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
      expectRefusal(answer, 401, { type: 'authentication_error' })
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
      expectRefusal(await ask(CHAT, { headers, body: JSON.stringify(body({})) }), 400)
    }
    expect(seen()).toBe(0)
  })

  it('a stranger’s body is not read', async () => {
    const answer = await ask(CHAT, { headers: { 'content-type': 'application/json' }, body: '['.repeat(100_000) })
    expectRefusal(answer, 401)
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
    expectRefusal(await ask(CHAT, { headers, body: JSON.stringify(body({})) }), 415)
    expect(seen()).toBe(0)
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8'])(
    'content-type %s is taken',
    async type => {
      const headers = { ...withKey, 'content-type': type }
      expect((await ask(CHAT, { headers, body: JSON.stringify(body({})) })).status).toBe(200)
    },
  )

  it.each([CHAT, '/key/generate'])('a packed body for %s is 415 that names how it is packed', async path => {
    const seen = sinceNow()
    const headers = { ...withKey, 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const answer = await ask(path, { headers, body: gzipSync(JSON.stringify(body({}))) })
    expectRefusal(answer, 415)
    expect(answer.text).toContain('`content-encoding: gzip`')
    expect(seen()).toBe(0)
  })

  it('a target in absolute form is taken, as proxies send it', async () => {
    const text = JSON.stringify(body({}))
    const head = `POST http://127.0.0.1${CHAT}?a=b HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n`
    const rest = `content-type: application/json\r\nauthorization: Bearer ${secrets.master}\r\ncontent-length: ${text.length}\r\n\r\n${text}`
    expect(await exchange(head + rest)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each([
    ['GET', CHAT, 'POST'],
    ['PUT', CHAT, 'POST'],
    ['PATCH', '/embeddings', 'POST'],
    ['DELETE', '/openai/deployments/fast/chat/completions', 'POST'],
    ['POST', '/v1/models', 'GET'],
    ['POST', '/health/readiness', 'GET'],
  ])('%s of %s is 405 and says %s', async (method, path, allowed) => {
    const answer = await ask(path, { method })
    expectRefusal(answer, 405)
    expect(answer.headers.allow).toBe(`${allowed}, OPTIONS`)
  })

  it('HEAD of the chat route is 405 without a body, a plain OPTIONS 204', async () => {
    const head = await ask(CHAT, { method: 'HEAD' })
    expect([head.status, head.text, head.headers.allow]).toEqual([405, '', 'POST, OPTIONS'])
    const options = await ask(CHAT, { method: 'OPTIONS' })
    expect([options.status, options.text, options.headers.allow]).toEqual([204, '', 'POST, OPTIONS'])
  })

  it.each(['/v2/chat/completions', '/v1/chat/completions/', '/v1/chat', '/admin', '/.env', '/v1/chat/completions%00'])(
    '%s is 404',
    async path => {
      expectRefusal(await ask(path, { body: JSON.stringify(body({})) }), 404)
    },
  )

  it.each([
    '/v1/responses',
    '/v1/messages',
    '/v1/images/generations',
    '/v1/audio/speech',
    '/openai/deployments/fast/images/generations',
    '/v2/rerank',
    '/router/settings',
    '/health/services',
    '/utils/token_counter',
    '/v1/access_group',
    '/key/generate',
    '/spend/logs',
  ])('%s is planned: 501', async path => {
    expectRefusal(await ask(path, { body: '{}' }), 501)
  })

  it.each(['/%', '/v1/models/%ff', '/%E0%A4%A', `/${'a'.repeat(10_000)}`])(
    'the address %# is refused in the same shape',
    async path => {
      const answer = await ask(path, { method: 'GET' })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expectRefusal(answer, answer.status)
      expect(answer.status).toBeLessThan(500)
    },
  )

  it.each(['abc', '-1', '1e999', 'NaN', ''])('the header x-litellm-timeout: %j is refused', async value => {
    const headers = { ...JSON_WITH_KEY, 'x-litellm-timeout': value }
    expectRefusal(await ask(CHAT, { headers, body: JSON.stringify(body({})) }), 400)
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
    expect(text.startsWith('HTTP/1.1 431 ')).toBe(text.includes('the headers are too large'))
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: { type: 'invalid_request_error' } })
    expect(secrets.foundIn(text)).toEqual([])
    expect(seen()).toBe(0)
  })
})

describe('what Node would refuse by itself', () => {
  const head = `POST ${CHAT} HTTP/1.1\r\ncontent-type: application/json\r\nconnection: close\r\n`
  it.each([
    ['no Host', 'content-length: 2\r\n\r\n{}', 400, 'Host'],
    ['an unknown expectation', 'host: x\r\nexpect: foo\r\ncontent-length: 2\r\n\r\n{}', 400, 'Expect'],
    ['64 kB of headers', `host: x\r\nx-a: ${'a'.repeat(65_536)}\r\n\r\n`, 431, 'the headers are too large'],
  ])('%s is refused in the shape of all refusals', async (_, rest, status, told) => {
    const text = await exchange(head + rest)
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(text).toMatch(/\r\nx-request-id: \S+\r\n/i)
    const error = { type: 'invalid_request_error', message: expect.stringContaining(told) }
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error })
  })
})

describe('nonsense behind a call that is being answered', () => {
  it('does not put a second answer into the middle of the first', async () => {
    siege.upstream.next(fault.stall({ afterChunks: 1 }))
    const content = JSON.stringify(body({ stream: true }))
    const lines = [
      `POST ${CHAT} HTTP/1.1`,
      'host: x',
      'content-type: application/json',
      `authorization: ${withKey.authorization}`,
      `content-length: ${content.length}`,
    ]
    const text = await exchange(`${lines.join('\r\n')}\r\n\r\n${content}`, 'nonsense\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    await siege.upstream.closedByClient()
  })
})

afterAllOfThis(siege)

/** Writes bytes on a connection of its own, and more of them when an answer has begun; reads until it is closed. */
function exchange(text: string, more?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(siege.served.url)
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')))
    let read = ''
    socket.on('data', bytes => {
      if (more !== undefined && read === '') socket.write(more)
      read += bytes.toString('latin1')
    })
    socket.on('close', () => resolve(read))
    socket.on('error', error => (read === '' ? reject(error) : resolve(read)))
  })
}
