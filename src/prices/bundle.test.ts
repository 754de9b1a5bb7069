import { createRequire } from 'node:module'
import type * as GenaiPrices from '@pydantic/genai-prices'
import { describe, expect, it } from 'vitest'
import { openBundle } from './bundle.ts'
import { CORRECTIONS, correctedCard } from './corrections.ts'
import { ratesFor } from './cost.ts'

const library: typeof GenaiPrices = createRequire(import.meta.url)('@pydantic/genai-prices')
const PROVIDERS = ['openai', 'anthropic', 'google', 'mistral', 'openrouter', 'aws', 'x-ai', 'perplexity', 'deepseek']
const NOON = new Date('2026-11-20T12:00:00Z')
const bundle = openBundle()

const modelsOf = (id: string) => library.findProvider({ providerId: id })?.models ?? []

describe('the bundled prices', () => {
  it.each(PROVIDERS)('of %s never say less than the library charges', provider => {
    let compared = 0
    for (const { id } of modelsOf(provider)) {
      const card = bundle.card(provider, id, NOON)
      if (!card) continue
      for (const inputTokens of [0, 1_000, 1_000_000]) {
        const usage = { input_tokens: inputTokens, output_tokens: 500 }
        const charged = library.calcPrice(usage, id, { providerId: provider, timestamp: NOON })
        const rates = ratesFor(card, inputTokens)
        const ours = BigInt(inputTokens) * rates.input + 500n * rates.output + (rates.request ?? 0n)
        expect(Number(ours) / 1e15, `${id} at ${inputTokens}`).toBeGreaterThanOrEqual(
          (charged?.total_price ?? 0) * (1 - 1e-9),
        )
        compared++
      }
    }
    expect(compared).toBeGreaterThan(10)
  })

  it.each(PROVIDERS.filter(id => id !== 'deepseek'))('of %s, which has no time of day, say exactly that', provider => {
    for (const { id } of modelsOf(provider)) {
      const card = bundle.card(provider, id, NOON)
      const usage = { input_tokens: 250_000, output_tokens: 500 }
      const charged = library.calcPrice(usage, id, { providerId: provider, timestamp: NOON })
      if (!card || !charged) continue
      const rates = ratesFor(card, 250_000)
      const ours = 250_000n * rates.input + 500n * rates.output + (rates.request ?? 0n)
      expect(Number(ours) / 1e15, id).toBeCloseTo(charged.total_price, 9)
    }
  })

  it('need no correction that they already hold', () => {
    for (const correction of CORRECTIONS) {
      const [provider = ''] = correction.providers
      const bundled = bundle.card(provider, correction.name, NOON)
      expect(bundled?.rates, correction.name).not.toEqual(correctedCard(correction)?.rates)
    }
  })
})
