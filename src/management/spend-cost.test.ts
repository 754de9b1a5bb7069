import { describe, expect, it } from 'vitest'
import { loadConfig } from '../config/load-config.ts'
import { type Caller, plainCaller } from '../core/caller.ts'
import { systemClock } from '../core/clock.ts'
import { nanoToUsd } from '../core/money.ts'
import { chargeOf, costOf, createPriceBook } from '../prices/index.ts'
import type { Store } from '../store/store.ts'
import { modelOperations } from './models.ts'
import { LiveModels } from './models-live.ts'
import { perform } from './perform.ts'
import { costOperations } from './spend-cost.ts'

const FILE = `
model_list:
  - {model_name: fast, litellm_params: {model: openai/gpt-4o-mini, api_key: k}}
  - {model_name: own, litellm_params: {model: openai/x, api_key: k, input_cost_per_token: 1e-6, output_cost_per_token: 3e-6}}
`
const CHARGES = `litellm_settings: {cost_discount_config: {openai: 0.05}, cost_margin_config: {openai: {percentage: 0.1, fixed_amount: 0.001}}}\n`

/** No store: none of these may touch one. */
const NO_STORE = new Proxy({} as Store, {
  get() {
    throw new Error('the store was asked')
  },
})

function asker(text: string, caller: Caller = plainCaller('key', 'proxy_admin')) {
  const config = loadConfig({ text }, { env: {} })
  const models = new LiveModels({ config, replace() {}, warn() {} })
  const operations = [...costOperations(models), ...modelOperations(models)]
  const context = { store: NO_STORE, caller, clock: systemClock }
  const ask = async (path: string, input: object = {}) => {
    const operation = operations.find(one => one.paths.includes(path))
    if (!operation) throw new Error(`there is no ${path}`)
    return (await perform(operation, context, input)) as never
  }
  return { ask, routing: config.settings.routing }
}

const card = () => createPriceBook().lookup({ provider: 'openai', model: 'gpt-4o-mini' })

describe('prices of what a key may not use', () => {
  const caller = { ...plainCaller('key', 'internal_user'), pools: [{ level: 'key', pools: ['fast'] }] } as const

  it('are not told', async () => {
    const { ask } = asker(FILE, caller)
    await expect(ask('/cost/estimate', { model: 'own', input_tokens: 1 })).rejects.toMatchObject({ param: 'model' })
    const sent = { model: 'own', messages: [{ role: 'user', content: 'hello' }] }
    await expect(ask('/spend/calculate', sent)).rejects.toMatchObject({ param: 'model' })
    const map: object = await ask('/public/litellm_model_cost_map')
    expect(Object.keys(map)).toEqual(['openai/gpt-4o-mini'])
  })

  it('are those that everybody knows, by a public name', async () => {
    const { ask } = asker(FILE, { ...caller, pools: [{ level: 'key', pools: ['own'] }] })
    const told: object = await ask('/cost/estimate', { model: 'gpt-4o-mini', input_tokens: 1_000_000 })
    expect(told).toMatchObject({ input_cost_per_token: 1.5e-7 })
  })
})

describe('cost estimates', () => {
  it.each([
    ['fast', 1_000, 500],
    ['openai/gpt-4o-mini', 7, 1],
    ['gpt-4o-mini', 1, 0],
  ])('are what the price of %s says', async (model, input_tokens, output_tokens) => {
    const known = card()
    if (!known) throw new Error('no price')
    const cost = costOf(known, { inputTokens: input_tokens, outputTokens: output_tokens })
    const { ask } = asker(FILE)
    expect(await ask('/cost/estimate', { model, input_tokens, output_tokens, num_requests_per_day: 3 })).toMatchObject({
      model,
      provider: 'openai',
      cost_per_request: nanoToUsd(cost),
      daily_cost: nanoToUsd(cost * 3n),
      monthly_cost: null,
      margin_cost_per_request: 0,
      input_cost_per_token: 1.5e-7,
      output_cost_per_token: 6e-7,
    })
  })

  it('include discounts and margins, as calls are charged', async () => {
    const { ask, routing } = asker(FILE + CHARGES)
    const { charges } = routing
    if (!charges) throw new Error('no charges')
    const charge = chargeOf({ provider: 'openai', cost: 4_000_000n, answered: true }, charges)
    const usage = { prompt_tokens: 1_000, completion_tokens: 1_000 }
    expect(await ask('/spend/calculate', { model: 'own', completion_response: { usage } })).toEqual({
      cost: nanoToUsd(charge.total),
    })
    expect(await ask('/cost/estimate', { model: 'own', input_tokens: 1_000, output_tokens: 1_000 })).toMatchObject({
      cost_per_request: nanoToUsd(charge.total),
      margin_cost_per_request: nanoToUsd(charge.margin),
    })
    expect(await ask('/config/cost_discount_config')).toEqual({ values: { openai: 0.05 } })
    expect(await ask('/config/cost_margin_config')).toEqual({
      values: { openai: { percentage: 0.1, fixed_amount: 0.001 } },
    })
  })

  it('price cached tokens of an answer, and the likely input of messages', async () => {
    const { ask } = asker(FILE)
    const usage = { prompt_tokens: 1_000, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 400 } }
    expect(await ask('/spend/calculate', { completion_response: { model: 'fast', usage } })).toEqual({
      cost: 0.000_126,
    })
    const messages = [{ role: 'user', content: 'a'.repeat(4_000) }]
    const { cost } = await ask('/spend/calculate', { model: 'own', messages })
    expect(cost).toBeGreaterThan(0.001)
    expect(cost).toBeLessThan(0.001_1)
  })

  it('price the web searches of an answer', async () => {
    const entry = 'model_list:\n  - {model_name: m, litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: k}}\n'
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, server_tool_use: { web_search_requests: 2 } }
    const { cost } = await asker(entry).ask('/spend/calculate', { model: 'm', completion_response: { usage } })
    expect(cost).toBe(0.003 + 0.0015 + 0.02)
  })

  it('price an answer by the service tier that it names', async () => {
    const tier = 'model_info: {input_cost_per_token_priority: 0.000003, output_cost_per_token_priority: 0.000004}'
    const entry = `model_list:\n  - model_name: m\n    litellm_params: {model: openai/gpt-4o-mini, api_key: k}\n    ${tier}\n`
    const { ask } = asker(entry)
    const usage = { prompt_tokens: 1_000, completion_tokens: 1_000 }
    const cost = async (service_tier: string | null) =>
      await ask('/spend/calculate', { model: 'm', completion_response: { usage, service_tier } })
    expect(await cost('priority')).toEqual({ cost: 0.007 })
    expect(await cost('default')).toEqual(await cost(null))
  })

  it.each([
    [{ model: 'nobody-knows-this', messages: [] }, 'nobody knows the price'],
    [{ model: 'fast' }, 'send messages'],
    [{ messages: [] }, 'which model'],
    [{ model: 'fast', completion_response: { usage: { prompt_tokens: -1 } } }, 'prompt_tokens'],
  ])('refuse %j', async (input, told) => {
    await expect(asker(FILE).ask('/spend/calculate', input)).rejects.toThrow(told)
  })
})

describe('models without a store', () => {
  it('are shown as the configuration has them, to each caller as far as it may use them', async () => {
    const { data } = (await asker(FILE).ask('/model/info')) as {
      data: { model_name: string; litellm_params: object }[]
    }
    expect(data.map(one => one.model_name)).toEqual(['fast', 'own'])
    expect(data[1]?.litellm_params).toMatchObject({ model: 'openai/x', api_key: '***' })
    const shown = (await asker(FILE, plainCaller('key', 'internal_user')).ask('/model/info')) as {
      data: { litellm_params: object }[]
    }
    expect(shown.data[1]?.litellm_params).toEqual({ model: 'openai/x' })
    await expect(asker(FILE, plainCaller('key', 'internal_user')).ask('/model/new', {})).rejects.toMatchObject({
      kind: 'forbidden',
    })
  })
})
