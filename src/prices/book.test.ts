import { describe, expect, it } from 'vitest'
import type { RateCard } from '../core/price.ts'
import { createPriceBook } from './book.ts'
import { costOf } from './cost.ts'

/** Nano-USD per million tokens of one US cent per million. */
const CENT = 10_000_000n
const NOW = Date.UTC(2026, 10, 20)
const book = createPriceBook({ now: () => NOW })

const price = (provider: string, model: string, at?: string) =>
  book.lookup({ provider, model, ...(at !== undefined && { at: new Date(at) }) })

describe('the bundle behind the book', () => {
  it.each<[string, string, Partial<RateCard['rates']>]>([
    ['openai', 'gpt-4o-mini', { input: 15n * CENT, output: 60n * CENT, cacheRead: 75n * (CENT / 10n) }],
    ['openai', 'gpt-4o', { input: 250n * CENT, output: 1000n * CENT }],
    ['openai', 'gpt-audio', { inputAudio: 3200n * CENT, outputAudio: 6400n * CENT }],
    ['openai', 'text-embedding-3-small', { input: 2n * CENT, output: 0n }],
    ['anthropic', 'claude-haiku-4-5', { input: 100n * CENT, output: 500n * CENT }],
    [
      'anthropic',
      'claude-sonnet-4-6',
      {
        input: 300n * CENT,
        output: 1500n * CENT,
        cacheRead: 30n * CENT,
        cacheWrite: 375n * CENT,
        cacheWrite1h: 600n * CENT,
      },
    ],
    ['mistral', 'mistral-small-2603', { input: 15n * CENT, output: 60n * CENT }],
    ['azure', 'gpt-4o', { input: 250n * CENT, output: 1000n * CENT }],
    ['groq', 'llama-3.3-70b-versatile', { input: 59n * CENT, output: 79n * CENT }],
    ['together_ai', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', { input: 88n * CENT, output: 88n * CENT }],
    ['openrouter', 'openai/gpt-4o-mini', { input: 15n * CENT, output: 60n * CENT }],
    ['openrouter', 'deepseek/deepseek-r1:free', { input: 0n, output: 0n }],
    ['perplexity', 'sonar-deep-research', { reasoning: 300n * CENT }],
    ['perplexity', 'sonar-pro', { request: 14_000_000_000_000n }],
  ])('knows %s/%s', (provider, model, rates) => {
    expect(price(provider, model)?.rates).toMatchObject(rates)
  })

  it.each([
    ['gemini', 'gemini-2.5-pro'],
    ['vertex_ai', 'gemini-2.5-pro'],
    ['xai', 'grok-4.3'],
    ['fireworks_ai', 'accounts/fireworks/models/gpt-oss-120b'],
    ['deepseek', 'deepseek-v4-flash'],
    ['cerebras', 'gpt-oss-120b'],
    ['cohere', 'command-r-plus'],
    ['moonshot', 'kimi-k2.5'],
    ['codestral', 'codestral-latest'],
    ['bedrock', 'amazon.nova-pro-v1:0'],
    ['voyage', 'voyage-3.5'],
  ])('finds the host %s by its name here (%s)', (provider, model) => {
    expect(price(provider, model)?.source).toMatch(/^genai-prices@0\.1\.8\//)
  })

  it('prices the whole of a long request at the tier, cached tokens too', () => {
    const card = price('gemini', 'gemini-2.5-pro')
    expect(card?.tiers).toEqual([
      { aboveInputTokens: 200_000, rates: { input: 250n * CENT, output: 1500n * CENT, cacheRead: 25n * CENT } },
    ])
    expect(card && costOf(card, { inputTokens: 200_001, outputTokens: 1 })).toBe(500_017_500n)
  })

  it.each([
    ['2025-06-09T00:00:00Z', 1000n],
    ['2025-06-10T00:00:00Z', 200n],
  ])('knows what o3 cost on %s', (at, cents) => {
    expect(price('openai', 'o3', at)?.rates.input).toBe(cents * CENT)
  })

  it.each(['2026-11-20T02:00:00Z', '2026-11-20T20:00:00Z'])(
    'takes the dearest price of a day, whenever asked (%s)',
    at => {
      expect(price('deepseek', 'deepseek-v4-flash', at)?.rates).toEqual({
        input: 44n * CENT,
        output: 132n * CENT,
        cacheRead: 14n * (CENT / 10n),
      })
    },
  )

  it.each([
    ['custom_openai', 'gpt-4o'],
    ['openai_like', 'gpt-4o'],
    ['hosted_vllm', 'mistral-large-latest'],
    ['ollama', 'llama3'],
    ['', 'gpt-4'],
    ['groq', 'gpt-4o'],
    ['openai', 'gpt-4o-mini-of-our-own'],
    ['openai', 'whisper-1'],
    ['azure', 'ada'],
    ['github-copilot', 'gpt-4o'],
    ['__proto__', 'gpt-4o'],
  ])('has no price for %s/%s', (provider, model) => {
    expect(price(provider, model)).toBeUndefined()
  })

  it('knows context windows', () => {
    expect(book.limits({ provider: 'openai', model: 'gpt-4o-mini' })).toEqual({ maxInputTokens: 128_000 })
    expect(book.limits({ provider: 'ollama', model: 'llama3' })).toEqual({})
  })
})

describe('corrections', () => {
  it('price 1M + 1M tokens of mistral-small-latest at $0.75', () => {
    const card = price('mistral', 'mistral-small-latest')
    expect(card?.source).toBe('correction:mistral-small-latest@2026-11-20')
    expect(card && costOf(card, { inputTokens: 1e6, outputTokens: 1e6 })).toBe(750_000_000n)
  })

  it('price mistral-large-latest as Mistral Large 3', () => {
    expect(price('mistral', 'mistral-large-latest')?.rates).toMatchObject({ input: 50n * CENT, output: 150n * CENT })
  })

  it('hold only from their day on', () => {
    expect(price('mistral', 'mistral-large-latest', '2025-12-01T23:59:59Z')?.rates.input).toBe(200n * CENT)
  })

  it.each([
    ['openai', 'gpt-4o-audio-preview'],
    ['openai', 'gpt-4o-audio-preview-2024-12-17'],
    ['openai', 'gpt-4o-mini-audio-preview'],
    ['azure', 'gpt-4o-audio-preview'],
    ['openrouter', 'openai/gpt-4o-audio-preview'],
  ])('leave %s/%s without a price', (provider, model) => {
    expect(price(provider, model)).toBeUndefined()
  })

  it('do not touch their neighbours', () => {
    expect(price('mistral', 'mistral-large-2411')?.rates.input).toBe(200n * CENT)
    expect(price('openai', 'gpt-4o')).toBeDefined()
  })
})

describe('a price map', () => {
  const mapped = createPriceBook({
    now: () => NOW,
    mapSource: 'prices.json',
    map: {
      sample_spec: { input_cost_per_token: 0, max_tokens: 'LEGACY parameter' },
      'gpt-4o-mini': {
        litellm_provider: 'openai',
        input_cost_per_token: 1e-6,
        output_cost_per_token: 2e-6,
        max_input_tokens: 1000,
        max_output_tokens: '500',
      },
      'mistral/mistral-small-latest': { input_cost_per_token: '3e-6', output_cost_per_token: '4e-6', max_tokens: 77 },
      'text-embedding-3-small': { litellm_provider: 'openai', mode: 'embedding', input_cost_per_token: 5e-6 },
      'gpt-4o': { litellm_provider: 'openai', max_input_tokens: 9 },
      'command-r': { litellm_provider: 'cohere_chat', input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 },
      'claude-haiku-4-5': 'not an entry',
    },
  })

  it('wins over corrections and the bundle', () => {
    expect(mapped.lookup({ provider: 'mistral', model: 'mistral-small-latest' })).toEqual({
      rates: { input: 300n * CENT, output: 400n * CENT },
      tiers: [],
      source: 'map:prices.json',
    })
    expect(mapped.lookup({ provider: 'openai', model: 'gpt-4o-mini' })?.rates.input).toBe(100n * CENT)
    expect(mapped.lookup({ provider: 'openai', model: 'text-embedding-3-small' })?.rates.output).toBe(0n)
    expect(mapped.lookup({ provider: 'cohere', model: 'command-r' })?.source).toBe('map:prices.json')
  })

  it('does not lend a bare name to another provider', () => {
    expect(mapped.lookup({ provider: 'groq', model: 'gpt-4o-mini' })).toBeUndefined()
    expect(mapped.lookup({ provider: 'azure', model: 'gpt-4o-mini' })?.source).toMatch(/^genai-prices/)
  })

  it('leaves to the bundle what it does not price', () => {
    expect(mapped.lookup({ provider: 'openai', model: 'gpt-4o' })?.source).toMatch(/^genai-prices/)
    expect(mapped.lookup({ provider: 'anthropic', model: 'claude-haiku-4-5' })?.source).toMatch(/^genai-prices/)
    expect(mapped.lookup({ provider: 'openai', model: 'toString' })).toBeUndefined()
  })

  it('states limits, each on its own', () => {
    const limits = (provider: string, model: string) => mapped.limits({ provider, model })
    expect(limits('openai', 'gpt-4o-mini')).toEqual({ maxInputTokens: 1000, maxOutputTokens: 500 })
    expect(limits('mistral', 'mistral-small-latest')).toEqual({ maxOutputTokens: 77 })
    expect(limits('openai', 'gpt-4o')).toEqual({ maxInputTokens: 9 })
  })
})
