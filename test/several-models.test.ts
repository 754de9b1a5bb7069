import { afterEach, describe, expect, it } from 'vitest'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

async function setUp(...pools: readonly string[]) {
  const upstream = await stage.upstream()
  const drafts = pools.map(pool => ({ pool, baseUrl: upstream.baseUrl }))
  const { baseUrl } = await stage.gateway(modelList(...drafts) + PLAIN)
  const chat = async (said: object) => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], ...said })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${baseUrl}/chat/completions`, { method: 'POST', headers, body })
    return { status: answer.status, error: ((await answer.json()) as { error?: object }).error }
  }
  return { chat, upstream }
}

describe("LiteLLM's calls of several models at once", () => {
  it.each([[['fast', 'slow']], [['openai/*', '*', 'fast', 'slow']]])('are refused as such: pools %j', async pools => {
    const { chat, upstream } = await setUp(...pools)
    for (const model of ['fast,slow', 'fast, slow', 'gpt-4o,gpt-4o-mini']) {
      expect(await chat({ model })).toMatchObject({
        status: 400,
        error: { code: 'several_models', param: 'model', message: expect.stringContaining('one per call') },
      })
    }
    expect(upstream.log).toHaveLength(0)
  })

  it('are not what a pool is called', async () => {
    const { chat } = await setUp('fast,slow')
    expect(await chat({ model: 'fast,slow' })).toMatchObject({ status: 200 })
  })

  it('are refused as a race, too', async () => {
    const { chat, upstream } = await setUp('fast', 'slow')
    for (const model of ['fast', 'fast,slow']) {
      expect(await chat({ model, fastest_response: true })).toMatchObject({
        status: 400,
        error: { param: 'fastest_response', message: expect.stringContaining('does not run') },
      })
    }
    expect(await chat({ model: 'fast', fastest_response: false })).toMatchObject({ status: 200 })
    expect(upstream.log.map(one => one.body)).toEqual([expect.not.objectContaining({ fastest_response: false })])
  })
})

describe("a host's own choice of several models", () => {
  const dear = ['anthropic/claude-opus-5']

  it.each<[string, object]>([
    ['models', { models: dear }],
    ['extra_body.models', { extra_body: { models: dear } }],
    ['providerOptions.gateway.models', { providerOptions: { gateway: { models: dear } } }],
  ])('is not the caller’s to name: %s', async (param, said) => {
    const { chat, upstream } = await setUp('fast')
    expect(await chat({ model: 'fast', ...said })).toMatchObject({
      status: 400,
      error: { code: 'several_models', param, message: expect.stringContaining("'fallbacks'") },
    })
    expect(upstream.log).toHaveLength(0)
  })

  it('is let through where it is nothing, or where the configuration says so', async () => {
    const { chat, upstream } = await setUp('fast')
    for (const models of [null, []]) expect(await chat({ model: 'fast', models })).toMatchObject({ status: 200 })
    const entry = (pool: string, params: object) => ({ pool, baseUrl: upstream.baseUrl, params })
    const trusted = [
      entry('allowed', { allowed_openai_params: ['models'] }),
      entry('dropped', { additional_drop_params: ['models'] }),
      entry('configured', { models: ['b'] }),
    ]
    const { baseUrl } = await stage.gateway(modelList(...trusted) + PLAIN)
    const messages = [{ role: 'user', content: 'hello' }]
    for (const [model, models, sent] of [
      ['allowed', ['a'], ['a']],
      ['dropped', ['a'], undefined],
      ['configured', undefined, ['b']],
    ]) {
      const body = JSON.stringify({ model, messages, models })
      const headers = { 'content-type': 'application/json' }
      expect((await fetch(`${baseUrl}/chat/completions`, { method: 'POST', headers, body })).status).toBe(200)
      expect(upstream.log.at(-1)?.body.models).toEqual(sent)
    }
  })
})
