import { divideUp, type NanoUsd } from '../core/money.ts'
import type { Rate, RateCard, Rates, ServiceTier } from '../core/price.ts'
import { MOST_TOKENS, type Usage } from '../core/usage.ts'
import { searchCost } from './searches.ts'
import { sheetOf } from './services.ts'

/** A rate is nano-USD per this many units. */
const UNITS_PER_RATE = 1_000_000n

/**
 * What a usage costs, in nano-USD: the sum of tokens times rate over all kinds of tokens, plus the rate per request and per search,
 * divided once by a million and rounded up once. Every token is charged as exactly one kind; above a tier's threshold
 * the whole request is charged at the tier's rates. An answer of a service tier is charged at that one's rates, and at the plain
 * ones, as the least it can cost, where nobody knows them (`hasRatesOf`).
 */
export function costOf(card: RateCard, usage: Usage): NanoUsd {
  const rates = ratesFor(card, usage.inputTokens, usage.serviceTier)
  const total = inputCost(rates, usage) + outputCost(rates, usage) + (rates.request ?? 0n) + searchCost(rates, usage)
  return divideUp(total, UNITS_PER_RATE)
}

/** The same by side: what the output costs, rounded down, and the rest, so that the sum is exactly `costOf`. */
export function costSides(card: RateCard, usage: Usage): { readonly input: NanoUsd; readonly output: NanoUsd } {
  const output = outputCost(ratesFor(card, usage.inputTokens, usage.serviceTier), usage) / UNITS_PER_RATE
  return { input: costOf(card, usage) - output, output }
}

/** The rates that a request of `inputTokens` prompt tokens is charged at: those of the highest threshold passed. */
export function ratesFor(card: RateCard, inputTokens: number, service?: ServiceTier): Rates {
  const { rates, tiers } = (service !== undefined && sheetOf(card, service)) || card
  for (let index = tiers.length - 1; index >= 0; index--) {
    const tier = tiers[index]
    if (tier && inputTokens > tier.aboveInputTokens) return tier.rates
  }
  return rates
}

/**
 * Cached and written tokens come first and audio takes what is left: where kinds overlap in a report, the overlap is
 * cached audio, and charging it as fresh audio would be up to 80 times its price (gpt-realtime: $32 against $0.40).
 */
function inputCost(rates: Rates, usage: Usage): bigint {
  const share = new Share(usage.inputTokens)
  const write = rates.cacheWrite ?? rates.input
  return (
    share.take(usage.cacheReadTokens, rates.cacheRead ?? rates.input) +
    share.take(usage.cacheWrite1hTokens, rates.cacheWrite1h ?? write) +
    share.take(usage.cacheWriteTokens, write) +
    share.take(usage.inputAudioTokens, rates.inputAudio ?? rates.input) +
    share.rest(rates.input)
  )
}

function outputCost(rates: Rates, usage: Usage): bigint {
  const share = new Share(usage.outputTokens)
  return (
    share.take(usage.outputAudioTokens, rates.outputAudio ?? rates.output) +
    share.take(usage.reasoningTokens, rates.reasoning ?? rates.output) +
    share.rest(rates.output)
  )
}

/** The tokens of one side, of which kinds are taken away until the rest is plain text. */
class Share {
  #left: number

  constructor(total: number) {
    this.#left = tokenCount(total)
  }

  /** The price of a kind, of which there cannot be more than is left. */
  take(tokens: number | undefined, rate: Rate): bigint {
    if (tokens === undefined) return 0n
    const taken = Math.min(tokenCount(tokens), this.#left)
    this.#left -= taken
    return BigInt(taken) * rate
  }

  rest(rate: Rate): bigint {
    return BigInt(this.#left) * rate
  }
}

/** A whole number of tokens, whatever an upstream reported: a price must not fail on `null`, -1 or 1.5, nor pass 64 bits. */
function tokenCount(reported: number): number {
  return Number.isFinite(reported) && reported > 0 ? Math.min(Math.ceil(reported), MOST_TOKENS) : 0
}
