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
