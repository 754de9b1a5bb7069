import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from './support/child.ts'
import { type ServedProcess, serveProcess } from './support/serve.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const hello = { messages: [{ role: 'user', content: 'hello' }] }
const CHAT = '/openai/deployments/fast/chat/completions'

describe('paths that name the model', () => {
  const stage = new Stage()
  afterEach(() => stage.clear())

  async function setUp(more = PLAIN, pool = 'fast') {
    const upstream = await stage.upstream()
    const served = await stage.gateway(modelList({ pool, baseUrl: upstream.baseUrl }) + more)
    const post = async (path: string, body: string | object) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(served.url + path, { method: 'POST', headers, body: text })
      return { status: answer.status, body: (await answer.json()) as { error?: { message: string; code: string } } }
    }
    return { upstream, post, ...served }
  }

  it.each([
    [CHAT, hello],
    ['/openai/deployments/fast/completions?api-version=2024-10-21', { prompt: 'hello' }],
    ['/openai/deployments/fast/embeddings', { input: 'hello' }],
    ['/engines/fast/chat/completions', hello],
    ['/engines/fast/completions', { prompt: 'hello' }],
    ['/engines/fast/embeddings', { input: 'hello' }],
  ])('%s needs no model in the body', async (path, body) => {
    const { upstream, post, lines } = await setUp()
    expect(await post(path, body)).toMatchObject({ status: 200 })
    expect(upstream.log[0]?.body).toEqual({ model: 'gpt-4o-mini', ...body })
    expect((await lines())[0]).toMatchObject({ pool: 'fast', status: 'ok' })
  })

  it('keep what the client wrote as it is, long texts and large integers too', async () => {
    const { upstream, post } = await setUp()
    const long = 'a "quoted" word. '.repeat(1_000)
    const text = `  {"seed": 9223372036854775807, "messages": [{"role": "user", "content": ${JSON.stringify(long)}}]}`
    expect(await post(CHAT, text)).toMatchObject({ status: 200 })
    expect(String(upstream.log[0]?.bytes)).toBe(text.replace('{', '{"model":"gpt-4o-mini",'))
  })

  it.each(['null', '"other"', '7', JSON.stringify('x'.repeat(5_000))])(
    'win over model: %s in the body',
    async written => {
      const { upstream, post, lines } = await setUp()
      expect(await post(CHAT, `{"model": ${written}, "messages": ${JSON.stringify(hello.messages)}}`)).toMatchObject({
        status: 200,
      })
      expect(upstream.log[0]?.body).toEqual({ model: 'gpt-4o-mini', ...hello })
      expect((await lines())[0]).toMatchObject({ pool: 'fast' })
    },
  )

  it('give way to completion_model, as in LiteLLM', async () => {
    const { post, lines } = await setUp(`${PLAIN}general_settings: {completion_model: fast}\n`)
    expect(await post('/engines/other/chat/completions', hello)).toMatchObject({ status: 200 })
    expect((await lines())[0]).toMatchObject({ pool: 'fast' })
  })

  it.each([
    '/openai/deployments/my%20team/fa%C3%9Ft%2F1/chat/completions',
    '/engines/my%20team%2Ffa%C3%9Ft/1/completions',
  ])('%s is decoded, slashes and all', async path => {
    const { post, lines } = await setUp(PLAIN, 'my team/faßt/1')
    expect(await post(path, { ...hello, prompt: 'hello' })).toMatchObject({ status: 200 })
    expect((await lines())[0]).toMatchObject({ pool: 'my team/faßt/1' })
  })

  it.each([
    ['/engines/%ff/completions', 400, 'invalid_value'],
    ['/engines/%20/chat/completions', 400, 'invalid_value'],
    ['/engines/nope/chat/completions', 404, 'model_not_found'],
    [`/engines/${'a'.repeat(1_001)}/chat/completions`, 404, 'model_not_found'],
    ['/engines/chat/completions', 404, 'model_not_found'],
    ['/engines/completions', 501, 'not_implemented'],
    ['/openai/deployments/fast/images/generations', 501, 'not_implemented'],
  ])('%s is %i', async (path, status, code) => {
    const { post, upstream } = await setUp()
    expect(await post(path, { ...hello, prompt: 'hello' })).toMatchObject({ status, body: { error: { code } } })
    expect(upstream.log).toHaveLength(0)
  })

  it('take POST alone', async () => {
    const { url } = await setUp()
    const answer = await fetch(url + CHAT)
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST, OPTIONS')
  })
})

describe('keys at paths that name the model', { timeout: 150_000 }, () => {
  const stage = new Stage()
  let served: ServedProcess
  beforeAll(async () => {
    await ensureBuilt()
    const { baseUrl } = await stage.upstream()
    const pools = ['fast', 'slow'].map(pool => ({ pool, baseUrl, input: '0.001', output: '0.002' }))
    served = await serveProcess(stage, modelList(...pools))
  }, 200_000)
  afterAll(() => stage.clear())

  const chat = (pool: string, key: string, model?: string) =>
    served.ask(`/openai/deployments/${pool}/chat/completions`, { ...hello, ...(model && { model }) }, key)

  it('may use the models of their lists, whatever the body names', async () => {
    const key = await served.key({ models: ['fast'] })
    expect((await chat('fast', key, 'slow')).status).toBe(200)
    const refused = await chat('slow', key, 'fast')
    expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([403, 'key_model_access_denied'])
  })

  it('are counted under the name in the path', async () => {
    const key = await served.key({ model_rpm_limit: { fast: 1 } })
    expect((await chat('fast', key, 'slow')).status).toBe(200)
    expect((await chat('fast', key, 'slow')).status).toBe(429)
    expect((await chat('slow', key, 'fast')).status).toBe(200)
  })

  it('are charged', async () => {
    const key = await served.key({ max_budget: 0.001 })
    const refused = await chat('fast', key)
    expect([refused.status, JSON.parse(refused.text).error.type]).toEqual([429, 'budget_exceeded'])
  })

  it.each([
    [['llm_api_routes'], 200],
    [['openai_routes'], 200],
    [['/openai/deployments/{model}/chat/completions'], 200],
    [['/openai/*'], 200],
    [['/v1/chat/completions'], 403],
    [['/engines/*'], 403],
    [['info_routes'], 403],
  ])('with allowed_routes %j get %i', async (allowed_routes, status) => {
    const answer = await chat('fast', await served.key({ allowed_routes }))
    expect(answer.status).toBe(status)
  })
})
