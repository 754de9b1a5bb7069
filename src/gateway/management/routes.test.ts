import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Secret } from '../../core/secret.ts'
import { id, metadata } from '../../management/fields.ts'
import type { Operation, OperationContext } from '../../management/operation.ts'
import { createGateway, type ServerSettings } from '../server.ts'

const MASTER = 'sk-master-of-this-test'
const seen: { input: unknown; context: OperationContext }[] = []

/** Answers with what it was given. */
function echo(draft: Partial<Operation> & Pick<Operation, 'paths'>): Operation {
  return {
    method: 'POST',
    name: 'thing/new',
    roles: ['proxy_admin'],
    input: z.strictObject({ name: id, metadata: metadata.optional(), key: id.optional() }),
    async run(context, input) {
      seen.push({ input, context })
      return { input }
    },
    ...draft,
  }
}

const operations: readonly Operation[] = [
  echo({ paths: ['/key/generate', '/key/:key/regenerate'] }),
  echo({ method: 'GET', paths: ['/key/info'], input: z.strictObject({ key: id }) }),
  echo({ paths: ['/team/new'], roles: ['internal_user'] }),
]

let stop = async () => {}
afterEach(() => stop())

function served(settings: ServerSettings = {}) {
  const router = { prepare() {}, pools: { list: () => [] } } as unknown as Parameters<typeof createGateway>[0]
  const money = { store: {} as OperationContext['store'], operations }
  const gateway = createGateway(router, { masterKey: new Secret(MASTER), money, ...settings })
  stop = () => gateway.stop(0)
  return async (url: string, draft: { method?: 'GET' | 'POST'; body?: unknown; headers?: object } = {}) => {
    const { method = 'POST', body, headers } = draft
    const app = await gateway.fastify()
    const answer = await app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${MASTER}`, ...(body !== undefined && JSON_TYPE), ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.statusCode, body: answer.json() as Record<string, never>, headers: answer.headers }
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

describe('a route of the management API', () => {
  it('tells nobody to go on with a body that is larger than it takes', async () => {
    const router = { prepare() {}, pools: { list: () => [] } } as unknown as Parameters<typeof createGateway>[0]
    const money = { store: {} as OperationContext['store'], operations }
    const gateway = createGateway(router, { masterKey: new Secret(MASTER), money })
    stop = () => gateway.stop(0)
    const url = `${await gateway.listen({ port: 0 })}/key/generate`
    const authorization = `Bearer ${MASTER}`
    const headers = { ...JSON_TYPE, authorization, expect: '100-continue', 'content-length': (1 << 20) + 1 }
    const told = await new Promise(resolve => {
      const asking = request(url, { method: 'POST', headers })
      asking.on('continue', () => resolve('go on')).on('response', ({ statusCode }) => resolve(statusCode))
      asking.on('error', () => {}).flushHeaders()
    })
    expect(told).toBe(413)
  })

  it('takes no other method than its own, and says which that is', async () => {
    const ask = served()
    for (const path of ['/key/generate', '/key/sk-1/regenerate', '/team/new']) {
      const { status, headers, body } = await ask(path, { method: 'GET' })
      expect([status, headers.allow]).toEqual([405, 'POST'])
      expect(JSON.stringify(body)).toContain('use POST')
    }
    expect(await ask('/key/info', { body: {} })).toMatchObject({ status: 405, headers: { allow: 'GET' } })
    expect((await ask('/key/none', { body: {} })).status).toBe(404)
  })

  it('hands the operation the body, the caller and on whose behalf it is', async () => {
    const ask = served()
    const answer = await ask('/key/generate', { body: { name: 'a' }, headers: { 'litellm-changed-by': 'ann' } })
    expect(answer).toMatchObject({ status: 200, body: { input: { name: 'a' } } })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(seen.at(-1)?.context).toMatchObject({ caller: { keyId: 'master', role: 'proxy_admin' }, changedBy: 'ann' })
  })

  it('puts parameters of the path beside the body, and refuses a body that says otherwise', async () => {
    const ask = served()
    expect((await ask('/key/abc/regenerate', { body: { name: 'a' } })).body).toEqual({
      input: { name: 'a', key: 'abc' },
    })
    expect((await ask('/key/abc/regenerate', { body: { name: 'a', key: 'b' } })).status).toBe(400)
  })

  it('takes the query of a GET', async () => {
    const ask = served()
    expect((await ask('/key/info?key=abc', { method: 'GET' })).body).toEqual({ input: { key: 'abc' } })
    expect((await ask('/key/info?key=abc&key=d', { method: 'GET' })).status).toBe(400)
    expect((await ask('/key/generate?name=abc')).status).toBe(400)
  })

  const bad: readonly (readonly [string, unknown, string])[] = [
    ['an unknown field', { name: 'a', user_role: 'proxy_admin' }, "unknown field 'user_role'"],
    ['a wrong type', { name: 1 }, "'name'"],
    ['a missing field', {}, "'name'"],
    ['a prototype', '{"name":"a","__proto__":{"role":"proxy_admin"}}', "unknown field '__proto__'"],
    ['a prototype within', '{"name":"a","metadata":{"__proto__":{"x":1}}}', 'metadata.__proto__'],
    ['no object', [], 'expected object'],
    ['no JSON', '{', 'JSON'],
    ['a deep body', `{"name":${'['.repeat(100)}${']'.repeat(100)}}`, 'deeper'],
    ['large metadata', { name: 'a', metadata: { a: 'x'.repeat(9_000) } }, "'metadata'"],
    ['a control character', { name: 'a\u0000b' }, "'name'"],
  ]
  it.each(bad)('%s is refused with 400, which names it, also as detail', async (_, body, told) => {
    const before = seen.length
    const answer = await served()('/key/generate', { body })
    expect(answer).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining(told) } } })
    expect(answer.body).toMatchObject({ detail: { error: (answer.body as { error?: unknown }).error } })
    expect(seen.length).toBe(before)
  })

  it('takes no more than 1 MiB, and JSON only', async () => {
    const ask = served()
    const large = await ask('/key/generate', { body: `{"name":"${'x'.repeat(1 << 20)}"}` })
    expect(large).toMatchObject({ status: 413, body: { error: { message: expect.stringContaining('1 MiB') } } })
    expect((await ask('/key/generate', { body: 'name=a', headers: { 'content-type': 'text/plain' } })).status).toBe(415)
  })

  it('refuses roles that are not named, before the body is read', async () => {
    const answer = await served()('/team/new', { body: '{' })
    expect(answer).toMatchObject({ status: 403, body: { error: { type: 'permission_error' } } })
  })

  it.each(['/key/generate/', '//key/generate', '/KEY/generate', '/key/generate;x', '/key//generate'])(
    'R14 %s is another path and no way in',
    async path => {
      const before = seen.length
      expect((await served()(path, { body: { name: 'a' } })).status).toBe(404)
      expect(seen.length).toBe(before)
    },
  )

  it('is not there without a master key, and says so; nor without a store', async () => {
    const router = { prepare() {}, pools: { list: () => [] } } as unknown as Parameters<typeof createGateway>[0]
    const money = { store: {} as OperationContext['store'], operations }
    for (const [settings, status, code] of [
      [{ money }, 403, 'management_off'],
      [{ masterKey: new Secret(MASTER) }, 501, 'no_db_connection'],
    ] as const) {
      const gateway = createGateway(router, settings)
      const fastify = await gateway.fastify()
      const answer = await fastify.inject({ method: 'POST', url: '/key/generate', headers: JSON_TYPE, payload: '{}' })
      expect([answer.statusCode, answer.json().error.code]).toEqual([status, code])
      await gateway.stop()
    }
  })
})
