import type { Rate, RateCard, Rates } from '../core/price.ts'

/**
 * What a web search costs at providers that ask the same for all their models, which genai-prices does not say: Anthropic $10
 * per thousand (https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool, read on 2026-11-30).
 */
const SEARCH_RATES: ReadonlyMap<string, Rate> = new Map([['anthropic', 10_000_000_000_000n]])

/** The card with the provider's rate of a search, where it has none of its own and is not free. */
export function withSearchRate(card: RateCard, provider: string): RateCard {
  const webSearch = SEARCH_RATES.get(provider)
  const { input, output, webSearch: own } = card.rates
  if (webSearch === undefined || own !== undefined || (input === 0n && output === 0n)) return card
  const also = (rates: Rates): Rates => ({ ...rates, webSearch })
  return { ...card, rates: also(card.rates), tiers: card.tiers.map(tier => ({ ...tier, rates: also(tier.rates) })) }
}
