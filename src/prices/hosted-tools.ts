import type { Rate, RateCard, Rates } from '../core/price.ts'

interface SearchRate {
  readonly provider: string
  /** Undefined: the same for all of its models. */
  readonly models?: RegExp
  readonly rate: Rate
}

const TEN_PER_THOUSAND: Rate = 10_000_000_000_000n
const TWENTY_FIVE_PER_THOUSAND: Rate = 25_000_000_000_000n

/**
 * What a web search costs, which genai-prices does not say of these: Anthropic's $10 per thousand
 * (https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool, read on 2026-11-30); of OpenAI's models that search before
 * every answer $25 for those of gpt-4o ("preview, non-reasoning models", what is found is free), $10 for gpt-5-search-api, whose tokens
 * of what is found are charged as input (https://developers.openai.com/api/docs/pricing, read on 2026-12-01). The size makes no difference.
 */
const SEARCH_RATES: readonly SearchRate[] = [
  { provider: 'anthropic', rate: TEN_PER_THOUSAND },
  { provider: 'openai', models: /^gpt-4o(?:-mini)?-search-preview/, rate: TWENTY_FIVE_PER_THOUSAND },
  { provider: 'openai', models: /^gpt-5-search-api/, rate: TEN_PER_THOUSAND },
]

/** The card with the host's rate of a search, where it has none of its own and is not free. */
export function withSearchRate(card: RateCard, { provider, model }: { provider: string; model: string }): RateCard {
  const { input, output, webSearch: own } = card.rates
  if (own !== undefined || (input === 0n && output === 0n)) return card
  const found = SEARCH_RATES.find(one => one.provider === provider && (one.models?.test(model) ?? true))
  if (!found) return card
  const also = (rates: Rates): Rates => ({ ...rates, webSearch: found.rate })
  return { ...card, rates: also(card.rates), tiers: card.tiers.map(tier => ({ ...tier, rates: also(tier.rates) })) }
}
