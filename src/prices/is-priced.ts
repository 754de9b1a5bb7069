import type { RateCard } from '../core/price.ts'
import type { Usage } from '../core/usage.ts'
import { hasSearchRate } from './searches.ts'
import { hasRatesOf } from './services.ts'

/** Whether anybody knows all that a usage is charged by. Where not, `costOf` is the least that it costs. */
export function isPriced(card: RateCard, { serviceTier, webSearches }: Usage): boolean {
  if (serviceTier !== undefined && !hasRatesOf(card, serviceTier)) return false
  return !webSearches || hasSearchRate(card)
}
