import { afterEach, describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { chat, errorOf, post, raw } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const MASTER = 'sk-master-of-pages'
const PAGE = 'https://app.example.com'
const key = { authorization: `Bearer ${MASTER}` }
const ASKED = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type',
}

async function setUp(origins: string | undefined) {
  const upstream = await stage.upstream()
  const own = origins === undefined ? '' : `tollgate_settings:\n  cors_origins: ${origins}\n`
  const yaml = `${modelList({ pool: 'fast', baseUrl: upstream.baseUrl })}general_settings: {master_key: ${MASTER}}\n${own}`
  const { url } = await stage.gateway(yaml)
  const ask = (path: string, origin: string, method = 'POST') =>
    raw(url + path, { method: 'OPTIONS', headers: { origin, ...ASKED, 'access-control-request-method': method } })
  const say = (more: object, headers = {}) =>
    post(`${url}/v1/chat/completions`, chat('fast', 'hello', more), { origin: PAGE, ...key, ...headers })
  return { url, upstream, ask, say }
}

describe('cors_origins', () => {
  it.each([
    ['/v1/chat/completions', 'POST'],
    ['/openai/deployments/fast/embeddings', 'POST'],
    ['/v1/models', 'GET'],
    ['/models/fast', 'GET'],
  ])('answers a preflight of %s without a key', async (path, method) => {
    const { ask, upstream } = await setUp(`["${PAGE}"]`)
    const { status, headers, text } = await ask(path, PAGE, method)
    expect([status, text]).toEqual([204, ''])
    expect(headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': method,
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-max-age': '7200',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    })
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
    expect(upstream.log).toHaveLength(0)
  })

  it.each([undefined, `["${PAGE}:8443"]`])('%s: refuses the preflight of a page that is not named', async origins => {
    const { ask, say } = await setUp(origins)
    const answer = await ask('/v1/chat/completions', PAGE)
    expect(answer.status).toBe(403)
    expect(errorOf(answer)).toMatchObject({ code: 'origin_not_allowed' })
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    // Whoever is no browser sends what it likes.
    expect((await say({})).headers).not.toHaveProperty('access-control-allow-origin')
  })

  it.each<[string, object, object, number]>([
    ['an answer', {}, {}, 200],
    ['a stream', { stream: true }, {}, 200],
    ['a wrong key', {}, { authorization: 'Bearer sk-wrong' }, 401],
    ['a bad request', { messages: 7 }, {}, 400],
    ['a wrong type', {}, { 'content-type': 'text/plain' }, 415],
  ])('lets the page read %s', async (_, more, headers, status) => {
    const { say } = await setUp(`["${PAGE}"]`)
    const answer = await say(more, headers)
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-expose-headers': '*',
      vary: 'Origin',
      'x-request-id': expect.any(String),
    })
  })

  it('lets all pages read with *, also an upstream’s failure and the list of models', async () => {
    const { say, url, upstream } = await setUp('["*"]')
    upstream.next(fault.status(400))
    const failed = await say({})
    expect(failed.status).toBe(400)
    const listed = await raw(`${url}/v1/models`, { method: 'GET', headers: { origin: PAGE, ...key } })
    for (const { headers } of [failed, listed]) expect(headers['access-control-allow-origin']).toBe('*')
  })

  it.each(['/health', '/key/generate', '/health/readiness', '/'])('%s stays closed', async path => {
    const { ask, url } = await setUp('["*"]')
    expect((await ask(path, PAGE)).headers).not.toHaveProperty('access-control-allow-origin')
    const got = await raw(url + path, { method: 'GET', headers: { origin: PAGE, ...key } })
    expect(got.headers).not.toHaveProperty('access-control-allow-origin')
  })
})
