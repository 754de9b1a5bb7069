import { describe, expect, it } from 'vitest'
import { chat } from '../../test/support/calls.ts'
import type { JsonObject } from '../core/json.ts'
import type { RateCard, Rates } from '../core/price.ts'
import type { Usage } from '../core/usage.ts'
import { createPriceBook } from './book.ts'
import { costOf } from './cost.ts'
import { isPriced } from './is-priced.ts'
import { searchesWithin } from './searches.ts'

const card = (rates: Partial<Rates>): RateCard => ({
  rates: { input: 1n, output: 1n, ...rates },
  tiers: [],
  source: 'test',
})
const CENT = 10_000_000n
const perSearch = (cents: bigint) => cents * CENT * 1_000_000n

describe('the cost of web searches', () => {
  const sized = card({
    input: 0n,
    output: 0n,
    webSearch: perSearch(3n),
    webSearchLow: perSearch(2n),
    webSearchHigh: perSearch(5n),
  })
  const one = card({ input: 0n, output: 0n, webSearch: perSearch(1n) })

  it.each<[RateCard, Partial<Usage>, bigint]>([
    [sized, { webSearches: 2 }, 6n],
    [sized, { webSearches: 2, searchContextSize: 'low' }, 4n],
    [sized, { webSearches: 2, searchContextSize: 'high' }, 10n],
    [one, { webSearches: 3, searchContextSize: 'high' }, 3n],
    [one, { webSearches: 0 }, 0n],
    [one, { webSearches: 3, serviceTier: 'priority' }, 3n],
    [card({ input: 0n, output: 0n }), { webSearches: 3 }, 0n],
  ])('is so much for each: %#', (price, used, cents) => {
    expect(costOf(price, { inputTokens: 0, outputTokens: 0, ...used })).toBe(cents * CENT)
  })

  it('is known where a search or a request has a price, or nothing has', () => {
    const used: Usage = { inputTokens: 1, outputTokens: 1, webSearches: 1 }
    expect(isPriced(card({}), used)).toBe(false)
    expect(isPriced(card({}), { ...used, webSearches: 0 })).toBe(true)
    for (const rates of [{ webSearch: 1n }, { request: 1n }, { input: 0n, output: 0n }])
      expect(isPriced(card(rates), used)).toBe(true)
  })

  it.each<[string, JsonObject, string, number]>([
    ['none', {}, 'gpt-4o', 0],
    ['a search for each answer', { web_search_options: {}, n: 2 }, 'gpt-4o', 2],
    ['a model that always searches', {}, 'gpt-4o-search-preview', 1],
    ['another', {}, 'gpt-5-search-api-2025-10-14', 1],
    ['a tool with a bound', { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }] }, 'c', 3],
    ['a tool without', { tools: [{ type: 'web_search_20260209', name: 'web_search' }] }, 'c', Number.POSITIVE_INFINITY],
    ['other tools', { tools: [{ type: 'function' }, { type: 'web_fetch_20250910' }, 'odd', null] }, 'c', 0],
    ["OpenRouter's tool", { tools: [{ type: 'openrouter:web_search' }] }, 'm', Number.POSITIVE_INFINITY],
    ["Gemini's tool", { tools: [{ google_search: {} }] }, 'm', Number.POSITIVE_INFINITY],
    ["OpenRouter's plugin", { plugins: [{ id: 'web', max_results: 3 }] }, 'm', 1],
    ['other plugins', { plugins: [{ id: 'file-parser' }, { id: 'web', enabled: false }, null] }, 'm', 0],
    ["xAI's search", { search_parameters: { mode: 'auto' } }, 'm', 1],
    ["xAI's search, put off", { search_parameters: { mode: 'off' } }, 'm', 0],
    ["Qwen's search", { enable_search: true }, 'm', 1],
    ["Qwen's search, put off", { enable_search: false }, 'm', 0],
    ['no options', { web_search_options: null, tools: null }, 'c', 0],
  ])('may come from %s', (_, body, model, most) => {
    expect(searchesWithin(chat(body), { defaults: {}, model }).most).toBe(most)
  })

  it('may come from what the deployment adds', () => {
    const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 2 }]
    const defaults = { tools, web_search_options: { search_context_size: 'high' } }
    expect(searchesWithin(chat({ tools }), { defaults, model: 'c' })).toEqual({ most: 5, size: 'high' })
    expect(searchesWithin(chat({}), { defaults: { plugins: [{ id: 'web' }] }, model: 'c' }).most).toBe(1)
  })

  it('is $10 per thousand at Anthropic, unless a price map says otherwise or all is free', () => {
    const plain = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6, litellm_provider: 'anthropic' }
    const map = {
      dear: { ...plain, search_context_cost_per_query: { search_context_size_medium: 0.02 } },
      usual: { ...plain, input_cost_per_token_above_200k_tokens: 2e-6 },
      free: { ...plain, input_cost_per_token: 0, output_cost_per_token: 0 },
    }
    const book = createPriceBook({ map })
    const look = (model: string, provider = 'anthropic') => book.lookup({ provider, model })
    expect(look('claude-sonnet-4-5')?.rates.webSearch).toBe(perSearch(1n))
    expect(look('usual')?.rates.webSearch).toBe(perSearch(1n))
    expect(look('usual')?.tiers[0]?.rates.webSearch).toBe(perSearch(1n))
    expect(look('dear')?.rates.webSearch).toBe(perSearch(2n))
    expect(look('free')?.rates).not.toHaveProperty('webSearch')
    expect(look('gpt-4o', 'openai')?.rates).not.toHaveProperty('webSearch')
  })

  it("is that of OpenAI's price list for its search models, by whatever size", () => {
    const rateOf = (model: string) => createPriceBook().lookup({ provider: 'openai', model })?.rates
    for (const model of ['gpt-4o-search-preview', 'gpt-4o-mini-search-preview', 'gpt-4o-search-preview-2025-03-11'])
      expect(rateOf(model)).toMatchObject({ webSearch: perSearch(5n) / 2n })
    for (const model of ['gpt-5-search-api', 'gpt-5-search-api-2025-10-14'])
      expect(rateOf(model)).toMatchObject({ input: 1_250_000_000n, cacheRead: 125_000_000n, webSearch: perSearch(1n) })
  })
})
