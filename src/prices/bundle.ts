import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type * as GenaiPrices from '@pydantic/genai-prices'
import type { ModelInfo } from '@pydantic/genai-prices'
import type { RateCard } from '../core/price.ts'
import { ratesOf } from './bundle-rates.ts'

const PACKAGE = '@pydantic/genai-prices'

/** The price data that comes with the installed package: a dated snapshot, never fetched. */
export interface Bundle {
  /** Undefined when the bundle does not know the model or has no whole price for it. `provider` is genai-prices' id. */
  card(provider: string, model: string, at: Date): RateCard | undefined
  /** The model's context window in tokens, input and output together: a bound on the input. */
  contextWindow(provider: string, model: string): number | undefined
}

/** Loads the bundle: about 30 ms and 4 MB, so once, and only when somebody looks a price up. */
export function openBundle(): Bundle {
  const require = createRequire(import.meta.url)
  const library: typeof GenaiPrices = require(PACKAGE)
  const version = packageVersion(require.resolve(PACKAGE))
  const find = (provider: string, model: string) => findModel(library, provider, model)
  return {
    card(provider, model, at) {
      const info = find(provider, model)
      const rates = info && ratesOf(info, at)
      return rates && { ...rates, source: `genai-prices@${version}/${provider}/${info.id}` }
    },
    contextWindow: (provider, model) => find(provider, model)?.context_window,
  }
}

/**
 * The library matches names (aliases, dates, models of other makers at a host) but offers it only as part of a price:
 * the price of no tokens. Its provider match is loose (`openai_like` contains `openai`), so the id must be exact.
 */
function findModel(library: typeof GenaiPrices, provider: string, model: string): ModelInfo | undefined {
  if (library.findProvider({ providerId: provider })?.id !== provider) return undefined
  return library.calcPrice({ input_tokens: 0, output_tokens: 0 }, model, { providerId: provider })?.model
}

function packageVersion(entryFile: string): string {
  const file = new URL('../package.json', pathToFileURL(entryFile))
  const { version }: { readonly version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return version
}
