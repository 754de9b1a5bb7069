import { AzureOpenAI } from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { Router } from '../../src/index.ts'
import { Stage } from '../support/stage.ts'
import { modelList, PLAIN } from '../support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const MASTER = 'sk-master-of-azure'
const hello = { messages: [{ role: 'user' as const, content: 'hello' }] }

/** A gateway with a master key, and Azure's client as its users set it up. */
async function setUp(pool = 'fast', more = PLAIN) {
  const upstream = await stage.upstream()
  const yaml = `${modelList({ pool, baseUrl: upstream.baseUrl })}${more}general_settings: {master_key: ${MASTER}}\n`
  const served = await stage.gateway(yaml)
  const options = { endpoint: served.url, apiKey: MASTER, apiVersion: '2024-10-21', maxRetries: 0 }
  return { upstream, client: new AzureOpenAI(options), options, ...served }
}

describe("Azure's client of the openai SDK", () => {
  it('is answered: its api-key is a key, its deployment a pool, its api-version is nobody`s', async () => {
    const { client, upstream, lines } = await setUp()
    const { data, response } = await client.chat.completions.create({ model: 'fast', ...hello }).withResponse()
    expect(data.choices[0]?.message.content).toBe('Mock answer to: "hello"')
    expect(new URL(response.url).pathname).toBe('/openai/deployments/fast/chat/completions')
    expect(new URL(response.url).search).toBe('?api-version=2024-10-21')
    expect(upstream.log[0]?.body).toEqual({ model: 'gpt-4o-mini', ...hello })
    expect(upstream.log[0]?.path).not.toContain('api-version')
    expect((await lines())[0]).toMatchObject({ status: 'ok', pool: 'fast', cost_nano_usd: 50_000 })
  })

  it('names the pool by its deployment, whatever model the body has', async () => {
    const { options, upstream, lines } = await setUp()
    const client = new AzureOpenAI({ ...options, deployment: 'fast' })
    await client.chat.completions.create({ model: 'gpt-5-that-is-not-here', ...hello })
    expect(upstream.log[0]?.body).toEqual({ model: 'gpt-4o-mini', ...hello })
    expect((await lines())[0]).toMatchObject({ pool: 'fast' })
  })

  it('streams, and gets completions and embeddings', async () => {
    const { client } = await setUp()
    let text = ''
    for await (const chunk of await client.chat.completions.create({ model: 'fast', stream: true, ...hello }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('Mock answer to: "hello"')
    const completion = await client.completions.create({ model: 'fast', prompt: 'hello' })
    expect(completion.choices[0]?.text).toContain('hello')
    const { data } = await client.embeddings.create({ model: 'fast', input: 'hello' })
    expect(data).toHaveLength(1)
  })

  it('asks for names with slashes', async () => {
    const { client, lines } = await setUp('team/fast')
    await client.chat.completions.create({ model: 'team/fast', ...hello })
    expect((await lines())[0]).toMatchObject({ pool: 'team/fast' })
  })

  it('is told of a wrong key and of an unknown deployment in the shape that it knows', async () => {
    const { client, options } = await setUp()
    const stranger = new AzureOpenAI({ ...options, apiKey: 'sk-wrong' })
    const asked = { model: 'fast', ...hello }
    await expect(stranger.chat.completions.create(asked)).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
    await expect(client.chat.completions.create({ ...asked, model: 'nope' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
  })

  it('is answered in process', async () => {
    const upstream = await stage.upstream()
    const litellm_params = { model: 'openai/gpt-4o-mini', api_base: upstream.baseUrl, api_key: 'sk-upstream' }
    const router = new Router({ model_list: [{ model_name: 'fast', litellm_params }] })
    stage.later(() => router.close())
    const client = new AzureOpenAI({
      endpoint: 'http://in.process',
      apiKey: 'anything',
      apiVersion: '2024-10-21',
      deployment: 'fast',
      fetch: router.fetch,
    })
    await client.chat.completions.create({ model: 'other', ...hello })
    expect(upstream.log[0]?.body).toEqual({ model: 'gpt-4o-mini', ...hello })
  })
})
