import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load-config.ts'
import { post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const messages = [{ role: 'user', content: 'hi' }]

const CHARGES = `litellm_settings:
  cost_discount_config: {openai: 0.1}
  cost_margin_config: {openai: {percentage: 0.5, fixed_amount: 0.001}, global: 0.2}
  include_cost_in_streaming_usage: true
`

async function served(config: string) {
  // 20 tokens in and 15 out: $0.00005 by the price.
  const upstream = await stage.upstream()
  return stage.gateway(modelList({ pool: 'm', baseUrl: upstream.baseUrl }) + PLAIN + config)
}

describe('discounts and margins', () => {
  it('are charged on top of what the provider asks, and told in headers and lines', async () => {
    const { baseUrl, lines } = await served(CHARGES)
    const { headers } = await post(`${baseUrl}/chat/completions`, { model: 'm', messages })
    expect(headers).toMatchObject({
      'x-tollgate-cost-usd': '0.000050000',
      'x-litellm-response-cost': '0.001067500',
      'x-litellm-response-cost-original': '0.000050000',
      'x-litellm-response-cost-discount-amount': '0.000005000',
      'x-litellm-response-cost-margin-amount': '0.001022500',
      'x-litellm-response-cost-margin-percent': '0.5',
    })
    const [line] = await lines()
    expect(line).toMatchObject({
      cost_usd: 0.00005,
      cost_nano_usd: 50_000,
      charged_usd: 0.0010675,
      charged_nano_usd: 1_067_500,
      discount_usd: 0.000005,
      margin_usd: 0.0010225,
    })
    expect(line?.attempts[0]).toMatchObject({ cost_usd: 0.00005, charged_usd: 0.0010675 })
  })

  it('leave no trace where none is configured', async () => {
    const { baseUrl, lines } = await served('')
    const { headers } = await post(`${baseUrl}/chat/completions`, { model: 'm', messages })
    expect(headers['x-litellm-response-cost']).toBe('0.000050000')
    expect(headers).not.toHaveProperty('x-litellm-response-cost-original')
    expect((await lines())[0]).not.toHaveProperty('charged_usd')
  })

  it('report what cannot be meant', () => {
    const text = `${modelList({ pool: 'm', baseUrl: 'http://localhost' })}litellm_settings:
  cost_discount_config: {opena: 0.1, openai: 2}
  cost_margin_config: {globl: 0.1, openai: {percent: 3}}
  model_cost_map_url: https://example.com/map.json
`
    const { findings } = loadConfig({ text }, { env: {}, tolerant: true })
    const said = findings.map(one => `${one.path}: ${one.message} ${one.suggestion ?? ''}`)
    expect(said).toEqual([
      expect.stringMatching(/model_cost_map_url: .*download the map to a file .*price_map/i),
      expect.stringMatching(/cost_discount_config.openai: expected a number from 0 to 1/),
      expect.stringMatching(/cost_margin_config.openai: .*percent/),
    ])
  })

  it('know providers by all their names, and say which they do not know', () => {
    const text = `${modelList({ pool: 'm', baseUrl: 'http://localhost' })}litellm_settings:
  cost_discount_config: {opena: 0.1, google: 0.25}
`
    const { findings, settings } = loadConfig({ text }, { env: {} })
    expect(settings.routing.charges?.discounts).toEqual({ opena: 100_000_000n, gemini: 250_000_000n })
    expect(findings[0]).toMatchObject({
      message: 'is no provider that is known',
      suggestion: 'openai',
      severity: 'report',
    })
  })
})

describe('include_cost_in_streaming_usage', () => {
  it('tells the charged cost in the usage of a stream', async () => {
    const { baseUrl } = await served(CHARGES)
    const body = { model: 'm', messages, stream: true, stream_options: { include_usage: true } }
    const { text } = await post(`${baseUrl}/chat/completions`, body)
    const chunks = text
      .split('\n\n')
      .filter(event => event.startsWith('data: {'))
      .map(event => JSON.parse(event.slice(6)))
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 15, cost: 0.0010675 })
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(chunks.map(chunk => chunk.choices[0]?.delta?.content ?? '').join('')).toContain('Mock answer')
  })

  it('changes no byte of a stream without it, or whose client asked for no usage', async () => {
    const { baseUrl } = await served('')
    const asked = { model: 'm', messages, stream: true, stream_options: { include_usage: true } }
    expect((await post(`${baseUrl}/chat/completions`, asked)).text).not.toContain('"cost"')
    const other = await served(CHARGES)
    const unasked = await post(`${other.baseUrl}/chat/completions`, { model: 'm', messages, stream: true })
    expect(unasked.text).not.toContain('"usage":{')
  })
})
