import { afterEach, describe, expect, it } from 'vitest'
import type { UpstreamOptions } from '../src/testing/index.ts'
import { chat, post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const SIMPLE = 'Hello, what is the capital of France?'
const REASONING = 'Think step by step and prove that the sum of two odd numbers is even.'

function autoRouter(name: string, params: object): string {
  return `  - ${JSON.stringify({ model_name: name, litellm_params: params })}\n`
}

describe('model: auto_router/complexity_router', () => {
  async function served(config: object = {}, options?: UpstreamOptions) {
    const [small, large] = [await stage.upstream(options), await stage.upstream(options)]
    const yaml =
      modelList(
        { pool: 'small', baseUrl: small.baseUrl, info: { max_input_tokens: 100 } },
        { pool: 'large', baseUrl: large.baseUrl, info: { max_input_tokens: 100_000, supports_vision: true } },
      ) +
      autoRouter('smart', {
        model: 'auto_router/complexity_router',
        complexity_router_config: {
          tiers: { SIMPLE: 'small', MEDIUM: 'small', COMPLEX: 'large', REASONING: 'large' },
          ...config,
        },
        complexity_router_default_model: 'large',
      }) +
      PLAIN
    const gateway = await stage.gateway(yaml)
    const ask = (body: object, headers = {}) => post(`${gateway.baseUrl}/chat/completions`, body, headers)
    return { small, large, gateway, ask }
  }

  it('sends prompts to the pool of their tier, under one name', async () => {
    const { small, large, gateway, ask } = await served()
    for (const prompt of [SIMPLE, REASONING]) expect((await ask(chat('smart', prompt))).status).toBe(200)
    expect([small.log.length, large.log.length]).toEqual([1, 1])
    const ends = await gateway.watch.ended(2)
    expect(ends.map(({ call }) => call.record.classification?.task)).toEqual(['SIMPLE', 'REASONING'])
    const models = (await fetch(`${gateway.baseUrl}/models`).then(answer => answer.json())) as {
      data: { id: string }[]
    }
    expect(models.data.map(model => model.id)).toEqual(['small', 'large', 'smart'])
    expect((await fetch(`${gateway.baseUrl}/models/smart`)).status).toBe(200)
  })

  it('explains the choice without dialling', async () => {
    const { small, large, gateway } = await served({ session_affinity: true })
    const body = chat('smart', REASONING, { metadata: { session_id: 's' } })
    const explained = JSON.parse((await post(`${gateway.baseUrl}/route/explain`, body)).text)
    expect(explained).toMatchObject({
      requested: 'smart',
      pool: 'large',
      classification: { task: 'REASONING', by: 'complexity', reason: expect.stringContaining('reasoningMarkers') },
    })
    expect(small.log.length + large.log.length).toBe(0)
    // Nothing was answered, so nothing is remembered.
    const later = chat('smart', SIMPLE, { metadata: { session_id: 's' } })
    expect(JSON.parse((await post(`${gateway.baseUrl}/route/explain`, later)).text).pool).toBe('small')
  })

  it('keeps a session where it began', async () => {
    const { large, ask } = await served({ session_affinity: true })
    const session = { 'x-litellm-session-id': 'one' }
    await ask(chat('smart', REASONING), session)
    await ask(chat('smart', SIMPLE), session)
    expect(large.log).toHaveLength(2)
  })

  it('moves what does not fit, and what brings pictures', async () => {
    const { large, ask } = await served({ enable_context_window_escalation: true, modality_routing: true })
    await ask({
      model: 'smart',
      messages: [
        { role: 'system', content: 'word '.repeat(200) },
        { role: 'user', content: SIMPLE },
      ],
    })
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }
    await ask({ model: 'smart', messages: [{ role: 'user', content: [{ type: 'text', text: SIMPLE }, picture] }] })
    expect(large.log).toHaveLength(2)
  })

  it.each([
    [true, 'gpt-4o-mini'],
    [false, 'smart'],
    [undefined, 'gpt-4o-mini'],
  ])('with return_raw_model_name %s answers name %s', async (raw, name) => {
    const { ask } = await served({ return_raw_model_name: raw })
    expect(JSON.parse((await ask(chat('smart', SIMPLE))).text).model).toBe(name)
  })
})

describe('model: auto_router/NAME', () => {
  const routes = [
    { name: 'coder', utterances: ['write a program', 'mend a program'], score_threshold: 0.9 },
    { name: 'poet', utterances: ['write a poem'], score_threshold: 0.9 },
  ]

  async function served() {
    const [embedder, coder, general] = [await stage.upstream(), await stage.upstream(), await stage.upstream()]
    const yaml =
      modelList(
        { pool: 'coder', baseUrl: coder.baseUrl },
        { pool: 'poet', baseUrl: general.baseUrl },
        { pool: 'general', baseUrl: general.baseUrl },
        { pool: 'embedder', baseUrl: embedder.baseUrl, model: 'openai/text-embedding-3-small' },
      ) +
      autoRouter('smart', {
        model: 'auto_router/mine',
        auto_router_config: JSON.stringify({ routes }),
        auto_router_default_model: 'general',
        auto_router_embedding_model: 'embedder',
      }) +
      'router_settings: {num_retries: 0, disable_cooldowns: true, model_group_alias: {clever: smart}}\n'
    const gateway = await stage.gateway(yaml)
    const ask = (prompt: string, model = 'smart') => post(`${gateway.baseUrl}/chat/completions`, chat(model, prompt))
    return { embedder, coder, general, gateway, ask }
  }

  // The scripted embedder gives equal vectors to equal texts, and nearly unrelated ones to others.
  it('goes to the route whose utterance is nearest, and accounts for the embeddings on the call', async () => {
    const { embedder, coder, gateway, ask } = await served()
    expect((await ask('mend a program')).status).toBe(200)
    expect(coder.log).toHaveLength(1)
    expect(embedder.log.map(request => request.body?.input)).toEqual([
      ['write a program', 'mend a program', 'write a poem'],
      ['mend a program'],
    ])
    const [end] = await gateway.watch.ended()
    const record = end?.call.record
    expect(record?.classification).toMatchObject({
      task: 'coder',
      by: 'semantic',
      reason: expect.stringMatching(/^1\.000 like/),
    })
    expect(record?.attempts.map(attempt => attempt.purpose)).toEqual(['classify', 'classify', 'answer'])
    expect(record?.attempts.every(attempt => (attempt.cost ?? 0n) > 0n)).toBe(true)
    expect(record?.cost).toBe(record?.attempts.reduce((sum, attempt) => sum + (attempt.cost ?? 0n), 0n))
    await ask('write a poem', 'clever')
    expect(embedder.log).toHaveLength(3)
  })

  it('goes to the default when no route is near, or when the embedder is down', async () => {
    const { embedder, general, gateway, ask } = await served()
    await ask('something quite different')
    await embedder.stop()
    expect((await ask('write a program')).status).toBe(200)
    expect(general.log).toHaveLength(2)
    const ends = await gateway.watch.ended(2)
    expect(ends.map(({ call }) => call.record.classification)).toMatchObject([
      { task: 'default', reason: expect.stringMatching(/^at most .* takes 0\.9$/) },
      { task: 'default', reason: expect.stringMatching(/^embedder did not embed the prompt: unreachable/) },
    ])
  })

  it('explains that a model would be asked, and asks none', async () => {
    const { embedder, gateway } = await served()
    const answer = await post(`${gateway.baseUrl}/route/explain`, chat('smart', 'write a program'))
    expect(JSON.parse(answer.text)).toMatchObject({
      pool: 'general',
      classification: { reason: expect.stringMatching(/^\S+ would be asked to embed the prompt/) },
    })
    expect(embedder.log).toHaveLength(0)
  })
})

it('explains that a classifier would be asked where the rules leave it open', async () => {
  const upstream = await stage.upstream()
  const auto = `tollgate_settings:\n  routing: {auto: {smart: {pools: {default: small, code: small}, classifier_pool: small}}}\n`
  const gateway = await stage.gateway(modelList({ pool: 'small', baseUrl: upstream.baseUrl }) + PLAIN + auto)
  const answer = await post(`${gateway.baseUrl}/route/explain`, chat('smart', 'Hm.'))
  expect(JSON.parse(answer.text)).toMatchObject({
    pool: 'small',
    classification: { by: 'default', reason: expect.stringMatching(/^the rules leave it open; small would be asked/) },
  })
  expect(upstream.log).toEqual([])
})
