import type { ModelLimits } from '../core/deployment.ts'
import type { RateCard } from '../core/price.ts'
import { type Bundle, openBundle } from './bundle.ts'
import { correctedCard, findCorrection } from './corrections.ts'
import { withSearchRate } from './hosted-tools.ts'
import { findInMap } from './price-map.ts'

/** Which model's price is asked for. */
export interface PriceQuery {
  /** tollgate's name of the host (`together_ai`, `gemini`, ...) or its id in genai-prices. */
  readonly provider: string
  /** The name at the upstream, without the provider prefix; for Azure the base model, not the deployment. */
  readonly model: string
  /** Prices change: the moment for which one is wanted. Default: now. */
  readonly at?: Date
}

/** What models cost and hold. Asked when the configuration is compiled, never during a call. */
export interface PriceBook {
  /** The rate card, or undefined when nobody knows the price: that is recorded as `unpriced` and never taken for 0. */
  lookup(query: PriceQuery): RateCard | undefined
  /** Token limits, as far as known. */
  limits(query: PriceQuery): Pick<ModelLimits, 'maxInputTokens' | 'maxOutputTokens'>
}

export interface PriceBookOptions {
  /** A price map of LiteLLM's shape, parsed. Its prices win over all others. */
  readonly map?: Readonly<Record<string, unknown>>
  /** The map's file name: a rate card from it has the source `map:FILE`. Default: just `map`. */
  readonly mapSource?: string
  /** Epoch milliseconds. Default Date.now. */
  readonly now?: () => number
}

/** tollgate's hosts whose prices genai-prices keeps under another id. */
const PROVIDER_IDS: ReadonlyMap<string, string> = new Map([
  ['azure_ai', 'azure'],
  ['bedrock', 'aws'],
  ['codestral', 'mistral'],
  ['fireworks_ai', 'fireworks'],
  ['gemini', 'google'],
  ['moonshot', 'moonshotai'],
  ['together_ai', 'together'],
  ['vertex_ai', 'google'],
  ['voyage', 'voyageai'],
  ['xai', 'x-ai'],
  ['zhipu', 'zhipuai'],
])

/**
 * A price book in layers: the operator's map, then tollgate's own corrections, then the bundled genai-prices. What a
 * deployment's own configuration states comes on top, with `mergeRates`.
 */
export function createPriceBook(options: PriceBookOptions = {}): PriceBook {
  const { map = {}, now = Date.now } = options
  const mapSource = options.mapSource === undefined ? 'map' : `map:${options.mapSource}`
  let opened: Bundle | undefined
  const bundle = () => {
    opened ??= openBundle()
    return opened
  }
  return {
    lookup({ provider, model, at = new Date(now()) }) {
      const mapped = findInMap(map, mapSource, { provider, model })?.card
      if (mapped) return withSearchRate(mapped, { provider, model })
      const id = PROVIDER_IDS.get(provider) ?? provider
      const correction = findCorrection(id, model, at)
      const card = correction ? correctedCard(correction) : bundle().card(id, model, at)
      return card && withSearchRate(card, { provider, model })
    },
    limits({ provider, model }) {
      const entry = findInMap(map, mapSource, { provider, model })
      const maxInputTokens =
        entry?.maxInputTokens ?? bundle().contextWindow(PROVIDER_IDS.get(provider) ?? provider, model)
      return {
        ...(maxInputTokens !== undefined && { maxInputTokens }),
        ...(entry?.maxOutputTokens !== undefined && { maxOutputTokens: entry.maxOutputTokens }),
      }
    },
  }
}
