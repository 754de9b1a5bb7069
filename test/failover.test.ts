import { afterEach, describe, expect, it } from 'vitest'
import { type Fault, fault, type Upstream } from '../src/testing/index.ts'
import { chat, errorOf, post, raw } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const SETTINGS = `router_settings:
  num_retries: 0
  disable_cooldowns: true
  timeout: 20
  fallbacks: [{fast: [spare]}]
  context_window_fallbacks: [{fast: [large]}]
  content_policy_fallbacks: [{fast: [lenient]}]
`

/** The pool `fast` on an upstream that fails, and one pool for each way to go from there. */
async function setUp(settings = SETTINGS, params: object = {}) {
  const [bad, good] = await Promise.all([stage.upstream({ chunks: 5 }), stage.upstream({ chunks: 5 })])
  const pools = ['spare', 'large', 'lenient'].map(pool => ({
    pool,
    baseUrl: good.baseUrl,
    model: `openai/${pool}-model`,
  }))
  const yaml = modelList({ pool: 'fast', baseUrl: bad.baseUrl, params }, ...pools) + settings
  const served = await stage.gateway(yaml)
  return { ...served, bad, good, chatUrl: `${served.baseUrl}/chat/completions` }
}

const ANSWER = 'Mock answer to: \\"hello\\"'

/** The whole text of an answer, streamed or not, as it stands in the JSON. */
function contentOf(text: string): string {
  return [...text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(match => match[1]).join('')
}

const AT_THE_FILTER: readonly (readonly [string, Fault | undefined])[] = [
  ['a refusal', fault.status(400, { code: 'content_filter', message: 'filtered' })],
  ['an answer that stops at the filter', undefined],
]

type Row = readonly [name: string, what: Fault, kind: string, params: object]

const BEFORE_THE_FIRST_CONTENT: readonly Row[] = [
  ['a server error', fault.status(500), 'upstream_error', {}],
  ['a bad gateway', fault.status(502, { body: '<h1>Bad gateway</h1>' }), 'upstream_error', {}],
  ['an overload', fault.status(503), 'overloaded', {}],
  ['a rate limit', fault.status(429, { retryAfter: '60' }), 'rate_limited', {}],
  ['refused credentials', fault.status(401), 'refused_credentials', {}],
  ['a model that is gone', fault.status(404), 'unknown_upstream_model', {}],
  ['a reset', fault.reset(), 'unreachable', {}],
  ['a hang-up', fault.hangUp(), 'unreachable', {}],
  ['silence', fault.hang(), 'timed_out', { timeout: 0.3 }],
  ['slow headers', fault.slowHeaders({ delayMs: 60_000 }), 'timed_out', { timeout: 0.3 }],
  ['a body that is not JSON', fault.garbage(), 'bad_answer', {}],
  ['a web page', fault.html(), 'bad_answer', {}],
  ['an error with status 200', fault.errorInOk(), 'upstream_error', {}],
  ['a redirect', fault.redirect('http://127.0.0.1:9/v1/chat/completions'), 'upstream_error', {}],
  ['a packed body', fault.gzipBomb({ bytes: 1 << 20 }), 'bad_answer', {}],
]

const WHOLE: readonly Row[] = [
  ...BEFORE_THE_FIRST_CONTENT,
  ['half of its JSON', fault.cut('end'), 'bad_answer', {}],
  ['a body that breaks off', fault.cut('close'), 'broken_off', {}],
  ['a body that is reset', fault.cut('reset'), 'broken_off', {}],
  ['an event stream that nobody asked for', fault.contentType('text/event-stream'), 'bad_answer', {}],
]

const STREAMED: readonly Row[] = [
  ...BEFORE_THE_FIRST_CONTENT,
  ['an end before the first content', fault.cut('end', { afterChunks: 0 }), 'broken_off', {}],
  ['a reset before the first content', fault.cut('reset', { afterChunks: 0 }), 'broken_off', {}],
  ['an error before the first content', fault.streamError({ afterChunks: 0 }), 'upstream_error', {}],
  ['silence before the first content', fault.stall({ afterChunks: 0 }), 'timed_out', { stream_timeout: 0.3 }],
  ['an endless line', fault.longLine(17 << 20), 'bad_answer', {}],
]

describe.each([
  ['whole', false, WHOLE],
  ['streamed', true, STREAMED],
] as const)('a %s call', (_, stream, rows) => {
  it.each(rows)('goes to the fallback on %s', async (_name, what, kind, params) => {
    const { bad, good, chatUrl, watch, lines } = await setUp(SETTINGS, params)
    bad.always(what)
    const answer = await post(chatUrl, chat('fast', 'hello', { stream }))
    expect(answer.status).toBe(200)
    expect(contentOf(answer.text)).toBe(ANSWER)
    expect([bad.log.length, good.log.length]).toEqual([1, 1])
    await watch.ended()
    const all = await lines()
    expect(all).toHaveLength(1)
    expect(all[0]).toMatchObject({ status: 'ok', model: 'spare-model', fallback_triggered: true })
    expect(all[0]?.attempts.map(attempt => attempt.error)).toEqual([kind, null])
    expect(sumOf(all[0]?.attempts ?? [])).toBe(Number(all[0]?.cost_nano_usd))
    expect(answer.headers['x-tollgate-attempts']).toBe('2')
    expect(answer.headers['x-litellm-attempted-fallbacks']).toBe('1')
  })

  it('goes to the fallback when nobody listens', async () => {
    const { bad, good, chatUrl } = await setUp()
    await bad.refuse()
    expect((await post(chatUrl, chat('fast', 'hello', { stream }))).status).toBe(200)
    expect(good.log).toHaveLength(1)
  })

  it('goes to the larger window when the context is too long, and nowhere else', async () => {
    const { bad, good, chatUrl } = await setUp()
    bad.always(fault.status(400, { code: 'context_length_exceeded', message: 'maximum context length is 8192 tokens' }))
    expect((await post(chatUrl, chat('fast', 'hello', { stream }))).status).toBe(200)
    expect(good.log.map(record => record.model)).toEqual(['large-model'])
  })

  it.each(AT_THE_FILTER)('goes to the lenient pool on %s by the content filter', async (_name, what) => {
    const { bad, good, chatUrl } = await setUp()
    bad.script({ answer: { text: '', finishReason: 'content_filter' } })
    if (what) bad.always(what)
    const answer = await post(chatUrl, chat('fast', 'hello', { stream }))
    expect(contentOf(answer.text)).toBe(ANSWER)
    expect(good.log.map(record => record.model)).toEqual(['lenient-model'])
  })

  it('goes nowhere with a request that is itself refused', async () => {
    const { bad, good, chatUrl } = await setUp()
    bad.always(fault.status(400, { message: 'no such parameter', code: 'unknown_parameter' }))
    const answer = await post(chatUrl, chat('fast', 'hello', { stream }))
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ type: 'invalid_request_error', code: 'unknown_parameter' })
    expect([bad.log.length, good.log.length]).toEqual([1, 0])
  })

  it('tells the first failure, and all attempts, when nobody is left', async () => {
    const { bad, good, chatUrl, lines } = await setUp()
    bad.always(fault.status(503))
    good.always(fault.status(500))
    const answer = await post(chatUrl, chat('fast', 'hello', { stream }))
    expect(answer.status).toBe(503)
    expect(answer.headers).toMatchObject({
      'x-should-retry': 'false',
      'content-type': 'application/json; charset=utf-8',
    })
    const attempts = errorOf(answer).provider_specific_fields?.attempts
    expect(attempts?.map(({ error }) => error)).toEqual(['overloaded', 'upstream_error'])
    expect(await lines()).toMatchObject([{ status: 'error', error: 'overloaded', cost_nano_usd: 0 }])
  })
})

describe('after the first content', () => {
  it.each(['end', 'close', 'reset'] as const)('a stream cut by %s stays where it is, and says so', async by => {
    const { bad, good, chatUrl, watch, lines } = await setUp()
    bad.always(fault.cut(by, { afterChunks: 2 }))
    const { text } = await post(chatUrl, chat('fast', 'hello', { stream: true }))
    expect(text).toContain('"error":{')
    expect(text).not.toContain('[DONE]')
    expect(good.log).toHaveLength(0)
    await watch.ended()
    expect(await lines()).toMatchObject([{ status: 'error', error: 'broken_off', estimated: true }])
  })
})

describe('retries', () => {
  const settings = 'router_settings: {num_retries: 2, retry_after: 0, disable_cooldowns: true}\n'

  it('go to the deployment of the pool that has not been tried', async () => {
    const upstreams: Upstream[] = [await stage.upstream(), await stage.upstream()]
    upstreams[0]?.always(fault.status(500))
    const entries = upstreams.map(({ baseUrl }) => ({ pool: 'fast', baseUrl }))
    const { baseUrl, lines } = await stage.gateway(modelList(...entries) + settings)
    for (let call = 0; call < 10; call++) {
      const answer = await post(`${baseUrl}/chat/completions`, chat('fast', 'hello'))
      expect(answer.status).toBe(200)
    }
    expect(upstreams[1]?.log).toHaveLength(10)
    expect((await lines()).every(line => line.status === 'ok' && line.attempts.length <= 2)).toBe(true)
  })

  it('are as many as configured, and no more while everything fails', async () => {
    const { bad, chatUrl } = await setUp(settings)
    bad.always(fault.status(500))
    expect((await post(chatUrl, chat('fast', 'hello'))).status).toBe(502)
    expect(bad.log).toHaveLength(3)
  })

  it('are what the request asks for, which the upstream does not see', async () => {
    const { bad, good, chatUrl } = await setUp(settings)
    bad.always(fault.status(500))
    const asked = { num_retries: 0, fallbacks: ['spare'], metadata: { run_id: 'r' }, tags: ['t'], timeout: 20 }
    expect((await post(chatUrl, chat('fast', 'hello', asked))).status).toBe(200)
    expect(bad.log).toHaveLength(1)
    expect(Object.keys(good.log[0]?.body ?? {}).sort()).toEqual(['messages', 'model'])
  })
})

describe('rest', () => {
  it('a rate limit keeps the next calls away from the deployment, and /health tells it', async () => {
    const [bad, good] = await Promise.all([stage.upstream(), stage.upstream()])
    bad.always(fault.status(429, { retryAfter: '60' }))
    const entries = [bad, good].map(({ baseUrl }) => ({ pool: 'fast', baseUrl }))
    const settings = 'router_settings: {num_retries: 1, routing_strategy: least-busy}\n'
    const { url, baseUrl } = await stage.gateway(modelList(...entries) + settings)
    for (let call = 0; call < 20; call++) {
      expect((await post(`${baseUrl}/chat/completions`, chat('fast', 'hello'))).status).toBe(200)
    }
    expect([bad.log.length, good.log.length]).toEqual([1, 20])
    const health = JSON.parse((await raw(`${url}/health`, { method: 'GET' })).text)
    expect(health).toMatchObject({ unhealthy_count: 1, unhealthy_endpoints: [{ model_group: 'fast' }] })
  })

  it('a rate limit of the only deployment sends the next call to the fallback at once', async () => {
    const { bad, good, chatUrl } = await setUp(SETTINGS.replace('  disable_cooldowns: true\n', ''))
    bad.always(fault.status(429, { retryAfter: '60' }))
    await post(chatUrl, chat('fast', 'hello'))
    await post(chatUrl, chat('fast', 'hello'))
    expect([bad.log.length, good.log.length]).toEqual([1, 2])
  })
})

/** The costs of attempts, in nano-dollars. */
function sumOf(attempts: readonly { readonly cost_usd: number | null }[]): number {
  return attempts.reduce((sum, { cost_usd }) => sum + Math.round((cost_usd ?? 0) * 1e9), 0)
}
