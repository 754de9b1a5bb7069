import type { ConditionalPrice, ModelInfo, ModelPrice } from '@pydantic/genai-prices'
import { decimalToInteger } from '../core/money.ts'
import type { Rate, Rates, Tier } from '../core/price.ts'
import type { RateKind } from './price-keys.ts'

/** Rates and tiers of a card, without where they come from. */
export interface BundledRates {
  readonly rates: Rates
  readonly tiers: readonly Tier[]
}

/** genai-prices' keys: USD per million tokens (10^9 nano-USD), and per thousand requests (10^12 per million). */
type BundledKind = Exclude<RateKind, 'webSearch' | 'webSearchLow' | 'webSearchHigh'>
const KEYS: Readonly<Record<BundledKind, { readonly key: string; readonly scale: number }>> = {
  input: { key: 'input_mtok', scale: 9 },
  output: { key: 'output_mtok', scale: 9 },
  cacheRead: { key: 'cache_read_mtok', scale: 9 },
  cacheWrite: { key: 'cache_write_mtok', scale: 9 },
  cacheWrite1h: { key: 'cache_write_1h_mtok', scale: 9 },
  inputAudio: { key: 'input_audio_mtok', scale: 9 },
  outputAudio: { key: 'output_audio_mtok', scale: 9 },
  reasoning: { key: 'output_reasoning_mtok', scale: 9 },
  request: { key: 'requests_kcount', scale: 12 },
}

const KINDS = Object.keys(KEYS) as readonly BundledKind[]

/** Models that generate no tokens, so that a missing output price is no gap. */
const INPUT_ONLY = /embed|voyage|rerank|bge-|distilbert/i

/**
 * The rates of a bundled model at a moment, or undefined where the bundle states no whole price: nothing at all, no
 * input price, or no output price of a model that generates. An empty price of a `:free` variant is a price of 0.
 * A rate card holds all day, so of prices by time of day the dearest counts.
 */
export function ratesOf(model: ModelInfo, at: Date): BundledRates | undefined {
  const prices = pricesAt(model, at)
  if (model.id.endsWith(':free') && prices.every(price => Object.keys(price).length === 0)) {
    return { rates: { input: 0n, output: 0n }, tiers: [] }
  }
  const rates = ratesAbove(prices, 0, model)
  if (!rates) return undefined
  const tiers: Tier[] = []
  for (const aboveInputTokens of thresholds(prices)) {
    const above = ratesAbove(prices, aboveInputTokens, model)
    if (above) tiers.push({ aboveInputTokens, rates: above })
  }
  return { rates, tiers }
}

/** The prices in force on a day: the latest dated one, and those by time of day that stand after it. */
function pricesAt(model: ModelInfo, at: Date): readonly ModelPrice[] {
  if (!Array.isArray(model.prices)) return [model.prices]
  const found: ModelPrice[] = []
  for (const { constraint, prices } of model.prices.toReversed()) {
    if (constraint?.type === 'time_of_date') found.push(prices)
    else if (hasBegun(constraint, at)) return [...found, prices]
  }
  return found
}

function hasBegun(constraint: Exclude<ConditionalPrice['constraint'], { type: 'time_of_date' }>, at: Date): boolean {
  return constraint === undefined || at >= new Date(constraint.start_date)
}

function thresholds(prices: readonly ModelPrice[]): readonly number[] {
  const starts = prices.flatMap(price =>
    KINDS.flatMap(kind => {
      const value = price[KEYS[kind].key]
      return typeof value === 'object' ? value.tiers.map(tier => tier.start) : []
    }),
  )
  return [...new Set(starts)].sort((a, b) => a - b)
}

function ratesAbove(prices: readonly ModelPrice[], threshold: number, model: ModelInfo): Rates | undefined {
  const rates: Partial<Record<RateKind, Rate>> = {}
  for (const kind of KINDS) {
    const rate = dearest(prices, kind, threshold)
    if (rate !== undefined) rates[kind] = rate
  }
  const { input, output = INPUT_ONLY.test(model.id) ? 0n : undefined } = rates
  return input === undefined || output === undefined ? undefined : { ...rates, input, output }
}

function dearest(prices: readonly ModelPrice[], kind: BundledKind, threshold: number): Rate | undefined {
  const { key, scale } = KEYS[kind]
  let result: Rate | undefined
  for (const price of prices) {
    const usd = usdAbove(price[key], threshold)
    if (usd === undefined) continue
    const rate = decimalToInteger(usd, scale)
    if (result === undefined || rate > result) result = rate
  }
  return result
}

/** The tier's price applies above its start, as here. */
function usdAbove(value: ModelPrice[string], threshold: number): number | undefined {
  if (typeof value !== 'object') return value
  const tiers = value.tiers.toSorted((a, b) => a.start - b.start)
  return tiers.findLast(tier => tier.start <= threshold)?.price ?? value.base
}
