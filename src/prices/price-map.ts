import type { RateCard } from '../core/price.ts'
import { type PriceEntry, readPriceKeys } from './litellm-map.ts'
import { mergeRates } from './merge-rates.ts'

/** What a price map says of a model. */
export interface MapEntry {
  readonly card: RateCard | undefined
  readonly maxInputTokens: number | undefined
  readonly maxOutputTokens: number | undefined
}

/**
 * Looks a model up in a price map of LiteLLM's shape: under `provider/model`, then under the bare model name if that
 * entry belongs to the same provider. The names of the map are used as they are spelt.
 */
export function findInMap(
  map: Readonly<Record<string, unknown>>,
  source: string,
  query: { readonly provider: string; readonly model: string },
): MapEntry | undefined {
  const entry = objectAt(map, `${query.provider}/${query.model}`) ?? bareEntry(map, query)
  if (!entry) return undefined
  return {
    card: mergeRates(undefined, readPriceKeys(entry), source),
    maxInputTokens: tokenLimit(entry.max_input_tokens),
    // LiteLLM's `max_tokens` is the older name of the output limit.
    maxOutputTokens: tokenLimit(entry.max_output_tokens) ?? tokenLimit(entry.max_tokens),
  }
}

function bareEntry(
  map: Readonly<Record<string, unknown>>,
  query: { readonly provider: string; readonly model: string },
): PriceEntry | undefined {
  const entry = objectAt(map, query.model)
  return entry && belongsTo(entry.litellm_provider, query.provider) ? entry : undefined
}

/** LiteLLM gives some providers several names: `cohere_chat`, `bedrock_converse`, `text-completion-openai`, `vertex_ai-...`. */
function belongsTo(owner: unknown, provider: string): boolean {
  if (typeof owner !== 'string' || owner === '') return true
  return (
    owner === provider ||
    owner === `text-completion-${provider}` ||
    owner === `${provider}_chat` ||
    owner === `${provider}_converse` ||
    owner.startsWith(`${provider}-`)
  )
}

function objectAt(map: Readonly<Record<string, unknown>>, key: string): PriceEntry | undefined {
  const value = Object.hasOwn(map, key) ? map[key] : undefined
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

function tokenLimit(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number > 0 ? number : undefined
}
