import { describe, expect, it } from 'vitest'
import type { RateCard } from '../core/price.ts'
import { costOf } from './cost.ts'
import { readPriceKeys } from './litellm-map.ts'
import { mergeRates } from './merge-rates.ts'

const M = 1_000_000n
const base: RateCard = {
  rates: { input: 300n * M, output: 1_500n * M, cacheRead: 30n * M, request: 7n },
  tiers: [
    { aboveInputTokens: 200_000, rates: { input: 600n * M, output: 2_250n * M, cacheRead: 60n * M, request: 7n } },
  ],
  source: 'bundle',
}

const merge = (under: RateCard | undefined, entry: Record<string, unknown>) =>
  mergeRates(under, readPriceKeys(entry), 'config')

describe('mergeRates', () => {
  it('leaves the card alone when nothing is stated', () => {
    expect(merge(base, { max_tokens: 5 })).toBe(base)
    expect(merge(undefined, {})).toBeUndefined()
  })

  it('replaces a stated kind in every tier and inherits the others with theirs', () => {
    expect(merge(base, { input_cost_per_token: 1e-7 })).toEqual({
      rates: { ...base.rates, input: 100n * M },
      tiers: [{ aboveInputTokens: 200_000, rates: { ...base.tiers[0]?.rates, input: 100n * M } }],
      source: 'config+bundle',
    })
  })

  it('needs no card below it', () => {
    expect(merge(undefined, { input_cost_per_token: 1e-7, output_cost_per_token: 2e-7 })).toEqual({
      rates: { input: 100n * M, output: 200n * M },
      tiers: [],
      source: 'config',
    })
  })

  it('does not name the card below when nothing of it is left', () => {
    const plain: RateCard = { rates: { input: 1n, output: 2n }, tiers: [], source: 'bundle' }
    expect(merge(plain, { input_cost_per_token: 1e-7, output_cost_per_token: 2e-7 })?.source).toBe('config')
  })

  it('takes an explicit 0 for free, with all that is cached, audio or per request', () => {
    const card = merge(base, { input_cost_per_token: 0, output_cost_per_token: 0 })
    expect(card).toEqual({ rates: { input: 0n, output: 0n }, tiers: [], source: 'config' })
    expect(card && costOf(card, { inputTokens: 300_000, outputTokens: 9, cacheReadTokens: 5 })).toBe(0n)
  })

  it('keeps a cache price that is stated beside a free input', () => {
    const card = merge(base, { input_cost_per_token: 0, cache_read_input_token_cost: 1e-9 })
    expect(card?.rates).toEqual({ input: 0n, output: 1_500n * M, cacheRead: 1n * M, request: 7n })
  })

  it('lets a threshold change only what it states, and a higher one build on a lower one', () => {
    const card = merge(undefined, {
      input_cost_per_token: 1e-7,
      output_cost_per_token: 2e-7,
      output_cost_per_token_above_128k_tokens: 4e-7,
      input_cost_per_token_above_200k_tokens: 3e-7,
    })
    expect(card?.tiers).toEqual([
      { aboveInputTokens: 128_000, rates: { input: 100n * M, output: 400n * M } },
      { aboveInputTokens: 200_000, rates: { input: 300n * M, output: 400n * M } },
    ])
  })

  it('adds a stated threshold to a card that has another', () => {
    const card = merge(base, { output_cost_per_token_above_128k_tokens: 2e-6 })
    expect(card?.tiers.map(tier => [tier.aboveInputTokens, tier.rates.input, tier.rates.output])).toEqual([
      [128_000, 300n * M, 2_000n * M],
      [200_000, 600n * M, 2_000n * M],
    ])
    expect(card?.rates.output).toBe(1_500n * M)
  })

  it('has no price when one side is unknown', () => {
    expect(merge(undefined, { input_cost_per_token: 1e-7 })).toBeUndefined()
    expect(merge(undefined, { output_cost_per_token: 1e-7, mode: 'embedding' })).toBeUndefined()
    expect(merge(undefined, { cache_read_input_token_cost: 1e-7 })).toBeUndefined()
  })

  it('needs no output price for an embedding', () => {
    expect(merge(undefined, { input_cost_per_token: 1e-7, mode: 'embedding' })?.rates).toEqual({
      input: 100n * M,
      output: 0n,
    })
  })

  it('replaces the rates of service tiers kind by kind, and drops them where plain tokens are free', () => {
    const map = merge(base, {
      input_cost_per_token_priority: 2e-7,
      output_cost_per_token_priority: 4e-7,
      input_cost_per_token_above_200k_tokens_priority: 3e-7,
      provider_specific_entry: { fast: 2 },
    })
    const card = merge(map, { input_cost_per_token_priority: 1e-7, cache_read_input_token_cost_flex: 1e-9 })
    expect(card?.services).toEqual({
      flex: { rates: { cacheRead: 1n * M }, tiers: [] },
      priority: {
        rates: { input: 100n * M, output: 400n * M },
        tiers: [{ aboveInputTokens: 200_000, rates: {} }],
      },
      fast: 2_000_000n,
    })
    expect(card?.rates).toEqual(base.rates)
    expect(merge(map, { input_cost_per_token: 0, output_cost_per_token: 0 })).not.toHaveProperty('services')
  })

  it('says where the rates of service tiers come from', () => {
    const map = merge(undefined, {
      input_cost_per_token: 1e-7,
      output_cost_per_token: 2e-7,
      input_cost_per_token_priority: 2e-7,
      output_cost_per_token_priority: 4e-7,
    })
    const under = map && { ...map, source: 'map' }
    expect(merge(under, { input_cost_per_token: 2e-7, output_cost_per_token: 3e-7 })?.source).toBe('config+map')
  })

  it('takes a price per request for a whole price', () => {
    const card = merge(undefined, { input_cost_per_request: 0.01 })
    expect(card && costOf(card, { inputTokens: 1e6, outputTokens: 1e6 })).toBe(10_000_000n)
  })
})
