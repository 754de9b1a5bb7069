import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPriceKeys, statesPrice } from './litellm-map.ts'

describe('readPriceKeys', () => {
  it('reads each kind in nano-USD per million', () => {
    const override = readPriceKeys({
      input_cost_per_token: 1.5e-7,
      output_cost_per_token: 6e-7,
      cache_read_input_token_cost: 7.5e-8,
      cache_creation_input_token_cost: 1.875e-7,
      cache_creation_input_token_cost_above_1hr: 3e-7,
      input_cost_per_audio_token: 1e-5,
      output_cost_per_audio_token: 2e-5,
      output_cost_per_reasoning_token: 7e-7,
      input_cost_per_request: 0.005,
    })
    expect(override.rates).toEqual({
      input: 150_000_000n,
      output: 600_000_000n,
      cacheRead: 75_000_000n,
      cacheWrite: 187_500_000n,
      cacheWrite1h: 300_000_000n,
      inputAudio: 10_000_000_000n,
      outputAudio: 20_000_000_000n,
      reasoning: 700_000_000n,
      request: 5_000_000_000_000n,
    })
    expect(override.tiers).toEqual([])
  })

  it.each([1.5e-7, '1.5e-7', '0.00000015', ' 1.5E-7 '])('reads %j exactly', value => {
    expect(readPriceKeys({ input_cost_per_token: value }).rates.input).toBe(150_000_000n)
  })

  it('reads prices per thousand tokens', () => {
    const override = readPriceKeys({ cost_per_1k_input_tokens: 0.00015, cost_per_1k_output_tokens: '0.00060' })
    expect(override.rates).toEqual({ input: 150_000_000n, output: 600_000_000n })
  })

  it('takes the usual key where two spellings stand together, in any order', () => {
    const pairs = [
      { input_cost_per_token: 1e-6, cost_per_1k_input_tokens: 9 },
      { cost_per_1k_input_tokens: 9, input_cost_per_token: 1e-6 },
    ]
    expect(pairs.map(pair => readPriceKeys(pair).rates.input)).toEqual([1_000_000_000n, 1_000_000_000n])
  })

  it('orders thresholds by number, not by text', () => {
    const override = readPriceKeys({
      input_cost_per_token_above_1000k_tokens: 4e-6,
      input_cost_per_token_above_200k_tokens: 2e-6,
      cache_creation_input_token_cost_above_1hr_above_200k_tokens: 12e-6,
      input_cost_per_token_above_32k_tokens: 1e-6,
    })
    expect(override.tiers).toEqual([
      { aboveInputTokens: 32_000, rates: { input: 1_000_000_000n } },
      { aboveInputTokens: 200_000, rates: { input: 2_000_000_000n, cacheWrite1h: 12_000_000_000n } },
      { aboveInputTokens: 1_000_000, rates: { input: 4_000_000_000n } },
    ])
  })

  it('reads ranges, and lets plain keys win over the lowest one', () => {
    const override = readPriceKeys({
      output_cost_per_token: 9e-6,
      tiered_pricing: [
        { range: [0, 32_000], input_cost_per_token: 1e-6, output_cost_per_token: 5e-6 },
        { range: [32_000, 128_000], input_cost_per_token: 2e-6, cache_read_input_token_cost: 2e-7 },
      ],
    })
    expect(override.rates).toEqual({ input: 1_000_000_000n, output: 9_000_000_000n })
    expect(override.tiers).toEqual([
      { aboveInputTokens: 32_000, rates: { input: 2_000_000_000n, cacheRead: 200_000_000n } },
    ])
  })

  it('keeps an explicit 0 and passes over null', () => {
    const override = readPriceKeys({ input_cost_per_token: 0, output_cost_per_token: null })
    expect(override).toMatchObject({ rates: { input: 0n }, unreadable: [] })
    expect(override.rates).not.toHaveProperty('output')
  })

  it.each([-1e-7, 'free', '', Number.NaN, true, {}, [], 1.000_001, 1e300])('names a key whose value is %j', value => {
    const override = readPriceKeys({ input_cost_per_token: value, output_cost_per_token: 1e-6 })
    expect(override).toMatchObject({ rates: { output: 1_000_000_000n }, unreadable: ['input_cost_per_token'] })
    expect(override.rates).not.toHaveProperty('input')
  })

  it('takes requests for dearer than tokens', () => {
    expect(readPriceKeys({ input_cost_per_request: 1_000 }).unreadable).toEqual([])
    expect(readPriceKeys({ input_cost_per_request: 1_001 }).unreadable).toEqual(['input_cost_per_request'])
  })

  it.each(['x', [1], [{ range: 'all' }], [{ range: [-1, 2] }]])('names tiered_pricing when it is %j', value => {
    expect(readPriceKeys({ tiered_pricing: value }).unreadable).toEqual(['tiered_pricing'])
  })

  it('knows modes that generate nothing', () => {
    expect(['embedding', 'chat', undefined].map(mode => readPriceKeys({ mode }).inputOnly)).toEqual([
      true,
      false,
      false,
    ])
  })

  it('states nothing for an entry without effective prices', () => {
    expect(
      statesPrice(readPriceKeys({ input_cost_per_second: 1, max_tokens: 5, input_cost_per_token_batches: 1 })),
    ).toBe(false)
  })

  it('keeps the rates of service tiers apart, with their thresholds', () => {
    const { rates, services, unreadable } = readPriceKeys({
      input_cost_per_token: 1e-6,
      input_cost_per_token_priority: 2e-6,
      input_cost_per_token_above_272k_tokens_priority: 4e-6,
      cache_read_input_token_cost_flex: '5e-8',
      output_cost_per_token_ultrafast: -1,
      provider_specific_entry: { us: 1.1, fast: 2.5 },
    })
    expect(rates).toEqual({ input: 1_000_000_000n })
    expect(services).toEqual({
      flex: { rates: { cacheRead: 50_000_000n }, tiers: [] },
      priority: {
        rates: { input: 2_000_000_000n },
        tiers: [{ aboveInputTokens: 272_000, rates: { input: 4_000_000_000n } }],
      },
      fast: 2_500_000n,
    })
    expect(unreadable).toEqual(['output_cost_per_token_ultrafast'])
  })

  it.each<[unknown, object]>([
    [
      { search_context_size_low: 0.03, search_context_size_medium: '0.035', search_context_size_high: 0.05 },
      { webSearch: 35_000n, webSearchLow: 30_000n, webSearchHigh: 50_000n },
    ],
    [
      { search_context_size_low: 0.01, search_context_size_high: 0.02 },
      { webSearch: 20_000n, webSearchLow: 10_000n, webSearchHigh: 20_000n },
    ],
    [0.01, { webSearch: 10_000n }],
    [{}, {}],
    [null, {}],
  ])('reads what a search costs: %j', (search_context_cost_per_query, expected) => {
    const { rates, unreadable } = readPriceKeys({ search_context_cost_per_query })
    const millions = Object.fromEntries(Object.entries(rates).map(([kind, rate]) => [kind, rate / 1_000_000_000n]))
    expect(millions).toEqual(expected)
    expect(unreadable).toEqual([])
  })

  it.each([{ search_context_size_medium: -1 }, 'dear'])('refuses %j as the price of a search', costs => {
    expect(readPriceKeys({ search_context_cost_per_query: costs }).unreadable).toEqual([
      'search_context_cost_per_query',
    ])
  })

  it.each([{ fast: 'twice' }, { fast: -1 }, { fast: 1e9 }])('refuses the factor %j', provider_specific_entry => {
    expect(readPriceKeys({ provider_specific_entry })).toMatchObject({
      services: {},
      unreadable: ['provider_specific_entry'],
    })
  })

  it('reads any float as the decimal that it prints as', () => {
    const price = fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(price, value => {
        const read = readPriceKeys({ input_cost_per_token: value }).rates.input ?? -1n
        // 15 decimals of the number's exact value, cut off; the reader rounds up.
        const cut = value.toFixed(100).slice(0, 17).replace('.', '')
        const difference = read - BigInt(cut)
        expect(difference >= 0n && difference <= 1n).toBe(true)
      }),
    )
  })
})
