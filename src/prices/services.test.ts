import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RateCard, ServiceTier } from '../core/price.ts'
import type { Usage } from '../core/usage.ts'
import { costOf } from './cost.ts'
import { readPriceKeys } from './litellm-map.ts'
import { mergeRates } from './merge-rates.ts'
import { hasRatesOf } from './services.ts'

function cardOf(entry: Record<string, unknown>): RateCard {
  const card = mergeRates(undefined, readPriceKeys(entry), 'test')
  if (!card) throw new Error('no price')
  return card
}

/** USD per million tokens, as text of USD per token. */
const perMillion = (usd: number) => `${usd}e-6`

/** Prices of gpt-5.4 as LiteLLM's map has them. */
const gpt = cardOf({
  input_cost_per_token: perMillion(2.5),
  output_cost_per_token: perMillion(15),
  cache_read_input_token_cost: perMillion(0.25),
  input_cost_per_token_above_272k_tokens: perMillion(5),
  output_cost_per_token_above_272k_tokens: perMillion(22.5),
  input_cost_per_token_flex: perMillion(1.25),
  output_cost_per_token_flex: perMillion(7.5),
  cache_read_input_token_cost_flex: perMillion(0.13),
  input_cost_per_token_priority: perMillion(5),
  output_cost_per_token_priority: perMillion(30),
  cache_read_input_token_cost_priority: perMillion(0.5),
  input_cost_per_token_above_272k_tokens_priority: perMillion(10),
})
const opus = cardOf({
  input_cost_per_token: perMillion(5),
  output_cost_per_token: perMillion(25),
  cache_creation_input_token_cost: perMillion(6.25),
  input_cost_per_request: 0.001,
  provider_specific_entry: { fast: 2 },
})
const sparse = cardOf({
  input_cost_per_token: perMillion(4),
  output_cost_per_token: perMillion(8),
  cache_read_input_token_cost: perMillion(1),
  input_cost_per_audio_token: perMillion(32),
  output_cost_per_reasoning_token: perMillion(3),
  input_cost_per_token_flex: perMillion(2),
  input_cost_per_token_priority: perMillion(7),
  output_cost_per_token_priority: perMillion(14),
  input_cost_per_token_ultrafast: perMillion(20),
})

const thousand: Usage = { inputTokens: 1000, outputTokens: 1000 }

describe('the cost of an answer by its service tier', () => {
  it.each<[string, RateCard, ServiceTier | undefined, Usage, bigint]>([
    ['plain', gpt, undefined, thousand, 17_500_000n],
    ['default', gpt, 'default', thousand, 17_500_000n],
    ['flex', gpt, 'flex', thousand, 8_750_000n],
    ['flex, cached', gpt, 'flex', { ...thousand, cacheReadTokens: 1000 }, 7_630_000n],
    ['priority', gpt, 'priority', thousand, 35_000_000n],
    ['priority, cached', gpt, 'priority', { ...thousand, cacheReadTokens: 1000 }, 30_500_000n],
    ['priority, above the threshold', gpt, 'priority', { inputTokens: 300_000, outputTokens: 1 }, 3_000_030_000n],
    [
      'flex, above a threshold that only plain rates have',
      gpt,
      'flex',
      { inputTokens: 300_000, outputTokens: 0 },
      1_500_000_000n,
    ],
    ['a tier without rates, as the least it can be', gpt, 'ultrafast', thousand, 17_500_000n],
    ['a tier that nobody knows', gpt, 'other', thousand, 17_500_000n],
    ['fast mode, caching included, requests not', opus, 'fast', { ...thousand, cacheWriteTokens: 1000 }, 63_500_000n],
    ['fast mode where nobody knows its price', gpt, 'fast', thousand, 17_500_000n],
    ['flex, half stated: the plain rate of the other half', sparse, 'flex', thousand, 10_000_000n],
    [
      'flex, cached tokens not stated: their plain rate',
      sparse,
      'flex',
      { inputTokens: 1000, outputTokens: 0, cacheReadTokens: 1000 },
      1_000_000n,
    ],
    [
      'priority, cached tokens not stated: as fresh ones',
      sparse,
      'priority',
      { inputTokens: 1000, outputTokens: 0, cacheReadTokens: 1000 },
      7_000_000n,
    ],
    [
      'priority, audio not stated: the plain rate, which is more',
      sparse,
      'priority',
      { inputTokens: 1000, outputTokens: 0, inputAudioTokens: 1000 },
      32_000_000n,
    ],
    [
      'priority, reasoning not stated: the rate of output',
      sparse,
      'priority',
      { inputTokens: 0, outputTokens: 1000, reasoningTokens: 1000 },
      14_000_000n,
    ],
    ['a dearer tier that is half stated is not known', sparse, 'ultrafast', thousand, 12_000_000n],
  ])('%s', (_, card, serviceTier, usage, nano) => {
    expect(costOf(card, serviceTier === undefined ? usage : { ...usage, serviceTier })).toBe(nano)
  })

  it('is known for flex always, for others where both sides are stated, and where tokens are free', () => {
    const tiers: readonly ServiceTier[] = ['default', 'flex', 'priority', 'ultrafast', 'fast', 'other']
    const known = (card: RateCard) => tiers.filter(tier => hasRatesOf(card, tier))
    expect(known(gpt)).toEqual(['default', 'flex', 'priority'])
    expect(known(opus)).toEqual(['default', 'flex', 'fast'])
    expect(known(sparse)).toEqual(['default', 'flex', 'priority'])
    expect(known(cardOf({ input_cost_per_token: 0, output_cost_per_token: 0 }))).toEqual(tiers)
  })

  it('needs no output price of an embedding', () => {
    const card = cardOf({ mode: 'embedding', input_cost_per_token: 1e-6, input_cost_per_token_priority: 2e-6 })
    expect(costOf(card, { inputTokens: 10, outputTokens: 0, serviceTier: 'priority' })).toBe(20_000n)
  })

  it('by priority is not below the plain one unless its own rates are, whatever else is stated', () => {
    const price = fc.nat({ max: 1_000_000 }).map(perMillion)
    const plain = fc.record(
      {
        input_cost_per_token: price,
        output_cost_per_token: price,
        cache_read_input_token_cost: price,
        cache_creation_input_token_cost: price,
        output_cost_per_reasoning_token: price,
        input_cost_per_token_above_1k_tokens: price,
        output_cost_per_token_above_2k_tokens: price,
      },
      { requiredKeys: ['input_cost_per_token', 'output_cost_per_token'] },
    )
    const tokens = fc.nat({ max: 3_000 })
    const used = fc.record({
      inputTokens: tokens,
      outputTokens: tokens,
      cacheReadTokens: tokens,
      cacheWriteTokens: tokens,
      reasoningTokens: tokens,
    })
    fc.assert(
      fc.property(plain, used, (entry, usage) => {
        const card = cardOf({
          ...entry,
          input_cost_per_token_priority: entry.input_cost_per_token,
          output_cost_per_token_priority: entry.output_cost_per_token,
        })
        expect(costOf(card, { ...usage, serviceTier: 'priority' }) >= costOf(card, usage)).toBe(true)
        expect(costOf(card, { ...usage, serviceTier: 'flex' })).toBe(costOf(card, usage))
      }),
    )
  })
})
