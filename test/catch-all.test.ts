import { afterEach, describe, expect, it } from 'vitest'
import { ensureBuilt } from './support/child.ts'
import { serveProcess } from './support/serve.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const CATCH_ALL = 'model_list:\n  - {model_name: "*", litellm_params: {model: "*"}}\n'

/** A gateway whose variables name an upstream for each of two providers. */
async function setUp(yaml = CATCH_ALL + PLAIN, more: Readonly<Record<string, string>> = {}) {
  const [openai, anthropic, ollama] = [await stage.upstream(), await stage.upstream(), await stage.upstream()]
  const env = {
    OPENAI_API_KEY: 'sk-of-openai',
    OPENAI_BASE_URL: openai.baseUrl,
    ANTHROPIC_API_KEY: 'sk-of-anthropic',
    ANTHROPIC_BASE_URL: new URL(anthropic.baseUrl).origin,
    OLLAMA_API_BASE: new URL(ollama.baseUrl).origin,
    ...more,
  }
  const served = await stage.gateway(yaml, { env })
  const chat = async (model: string) => {
    const body = JSON.stringify({ model, max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${served.baseUrl}/chat/completions`, { method: 'POST', headers, body })
    return { status: answer.status, body: (await answer.json()) as { error?: { message: string; code: string } } }
  }
  return { openai, anthropic, ollama, chat, ...served }
}

describe('model "*" of model_name "*"', () => {
  it.each([
    ['openai/gpt-4o-mini', 'gpt-4o-mini'],
    ['openai/our-own', 'our-own'],
    ['gpt-4o-mini', 'gpt-4o-mini'],
    ['text-completion-openai/gpt-3.5-turbo-instruct', 'gpt-3.5-turbo-instruct'],
  ])('%s goes to OpenAI with its key', async (asked, model) => {
    const { openai, anthropic, chat, lines } = await setUp()
    expect(await chat(asked)).toMatchObject({ status: 200 })
    expect(openai.log.map(one => one.body.model)).toEqual([model])
    expect(openai.log[0]?.headers.authorization).toBe('Bearer sk-of-openai')
    expect(anthropic.log).toHaveLength(0)
    expect((await lines())[0]).toMatchObject({ pool: asked, status: 'ok' })
  })

  it.each(['anthropic/claude-sonnet-4-5', 'claude-sonnet-4-5'])('%s goes to Anthropic with its key', async asked => {
    const { openai, anthropic, chat, lines } = await setUp()
    expect(await chat(asked)).toMatchObject({ status: 200 })
    expect(anthropic.log.map(one => one.body.model)).toEqual(['claude-sonnet-4-5'])
    expect(anthropic.log[0]?.headers['x-api-key']).toBe('sk-of-anthropic')
    expect(openai.log).toHaveLength(0)
    // Priced as its own model is.
    expect((await lines())[0]?.cost_nano_usd).toBeGreaterThan(0)
  })

  it('goes to an open server whose address a variable names', async () => {
    const { ollama, chat } = await setUp()
    expect(await chat('ollama/llama3')).toMatchObject({ status: 200 })
    expect(ollama.log.map(one => one.body.model)).toEqual(['llama3'])
  })

  it.each([
    ['our-own', 'it tells no provider that is known: write provider/model'],
    ['unheard/of', 'it tells no provider that is known: write provider/model'],
    ['mistral/mistral-small', 'nothing here reaches mistral: its key is not set, or it cannot be dialled'],
    ['bedrock/claude', 'nothing here reaches bedrock'],
    ['hosted_vllm/x', 'nothing here reaches hosted_vllm'],
    ['openai/', 'there is no model'],
  ])('%s is 404, and says why', async (asked, why) => {
    const { openai, anthropic, chat } = await setUp()
    const answer = await chat(asked)
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'model_not_found' } } })
    expect(answer.body.error?.message).toContain(why)
    expect([...openai.log, ...anthropic.log]).toHaveLength(0)
  })

  it('comes after every other pool and pattern', async () => {
    const own = (upstream: { readonly baseUrl: string }) =>
      `  - {model_name: "gpt-*", litellm_params: {model: openai/pinned, api_key: k, api_base: "${upstream.baseUrl}"}}\n`
    const other = await stage.upstream()
    const { openai, chat } = await setUp(CATCH_ALL + own(other) + PLAIN)
    expect(await chat('gpt-4o')).toMatchObject({ status: 200 })
    expect(await chat('o3')).toMatchObject({ status: 200 })
    expect(other.log.map(one => one.body.model)).toEqual(['pinned'])
    expect(openai.log.map(one => one.body.model)).toEqual(['o3'])
  })

  it('takes what a longer pattern leaves of the name', async () => {
    const { anthropic, chat } = await setUp(CATCH_ALL.replace('"*"', '"any/*"') + PLAIN)
    expect(await chat('any/anthropic/claude-sonnet-4-5')).toMatchObject({ status: 200 })
    expect(anthropic.log.map(one => one.body.model)).toEqual(['claude-sonnet-4-5'])
    expect((await chat('any/thing')).body.error?.message).toContain('it tells no provider that is known')
  })

  it('with a key of its own it is for OpenAI alone: the key goes nowhere else', async () => {
    const { openai, anthropic, chat } = await setUp(
      CATCH_ALL.replace('model: "*"}', 'model: "*", api_key: sk-mine}') + PLAIN,
    )
    expect(await chat('anthropic/claude-sonnet-4-5')).toMatchObject({ status: 200 })
    expect(openai.log[0]?.headers.authorization).toBe('Bearer sk-mine')
    expect(anthropic.log).toHaveLength(0)
  })
})

describe('max_budget of an entry with a wildcard', { timeout: 200_000 }, () => {
  it('bounds all names together', async () => {
    await ensureBuilt()
    const { baseUrl } = await stage.upstream()
    // A call takes some $0.03, and holds ten times as much until it has ended.
    const params = { max_budget: 0.4, budget_duration: '30d' }
    const draft = { pool: 'openai/*', model: 'openai/*', baseUrl, input: '0.001', output: '0.001', params }
    const served = await serveProcess(stage, modelList(draft) + PLAIN)
    const statuses: number[] = []
    for (const name of 'abcdefgh')
      statuses.push((await served.chat(`openai/${name}`, served.master, { max_tokens: 10 })).status)
    expect(statuses[0]).toBe(200)
    expect(statuses.at(-1)).toBe(429)
  })
})
