import { decimalToInteger } from '../core/money.ts'
import type { Rate, RateCard, Rates } from '../core/price.ts'

/** A fault of the bundled prices, or a model that is missing there, and what holds instead. */
export interface Correction {
  /** Names it in a rate card's source. */
  readonly name: string
  /** Ids of providers in genai-prices. */
  readonly providers: readonly string[]
  readonly models: RegExp
  /** Day (UTC, YYYY-MM-DD) from which it holds; before it the bundle is right. */
  readonly from?: string
  /** Undefined: nobody knows a trustworthy price, the model is unpriced. */
  readonly rates: Rates | undefined
  /** Day on which the source was read. */
  readonly checked: string
  readonly source: string
}

/**
 * Known faults of genai-prices 0.1.8. What each rests on stands with it; what could not be verified is not corrected:
 * - `deepseek-chat` (0.27 / 1.10 by day) looks old: several sources say that the name was an alias of V4 Flash and was
 *   retired on 2026-07-24. DeepSeek's own page was not seen, so the bundle's price stays.
 * - `mistral-large-4` (0.68 / 2.09 in Mistral's documentation) is a discount on a preview, without a stated end, and is
 *   missing from the bundle: it stays unpriced.
 */
export const CORRECTIONS: readonly Correction[] = [
  {
    // Verified in Mistral's own documentation source: `apiNames: ['mistral-small-2603', 'mistral-small-latest']`, 0.15 and
    // 0.6 per million. That the alias moved on the day of the release is an assumption. The cached price is that of the
    // bundle's own entry for mistral-small-2603.
    name: 'mistral-small-latest',
    providers: ['mistral'],
    models: /^mistral-small-latest$/,
    from: '2026-03-16',
    rates: { input: usd('0.15'), output: usd('0.6'), cacheRead: usd('0.015') },
    checked: '2026-11-20',
    source: mistralDocs('mistral-small-4-0-26-03'),
  },
  {
    // Verified likewise: `apiNames: ['mistral-large-2512', 'mistral-large-latest']`, 0.5 and 1.5 per million. Mistral Large 4
    // (2026-10-06) names no `latest` alias there. The cached price is that of the bundle's mistral-large-2512.
    name: 'mistral-large-latest',
    providers: ['mistral'],
    models: /^mistral-large-latest$/,
    from: '2025-12-02',
    rates: { input: usd('0.5'), output: usd('1.5'), cacheRead: usd('0.05') },
    checked: '2026-11-20',
    source: mistralDocs('mistral-large-3-25-12'),
  },
  {
    // Missing from the bundle. "Specialized models: Search" in OpenAI's price list; what a search costs stands in hosted-tools.ts.
    name: 'gpt-5-search-api',
    providers: ['openai'],
    models: /^gpt-5-search-api/,
    rates: { input: usd('1.25'), output: usd('10'), cacheRead: usd('0.125') },
    checked: '2026-12-01',
    source: 'https://developers.openai.com/api/docs/pricing',
  },
  {
    // The bundle knows text prices only, so audio would be billed as text, at about a sixteenth. Sources disagree about
    // the audio price ($40 or $100 per million in): unpriced is honest, and an operator can state the contract's price.
    name: 'gpt-4o-audio-preview',
    providers: ['openai', 'azure', 'openrouter'],
    models: /^(?:openai\/)?gpt-4o(?:-mini)?-audio/,
    rates: undefined,
    checked: '2026-11-20',
    source: 'https://github.com/pydantic/genai-prices (0.1.8: no input_audio_mtok for these models)',
  },
]

/** The correction that holds for a model of a provider (its id in genai-prices) at a moment. */
export function findCorrection(provider: string, model: string, at: Date): Correction | undefined {
  return CORRECTIONS.find(
    one =>
      one.providers.includes(provider) &&
      one.models.test(model.toLowerCase()) &&
      (one.from === undefined || at >= new Date(one.from)),
  )
}

/** The rate card of a correction; undefined when it says that there is no price. */
export function correctedCard(correction: Correction): RateCard | undefined {
  if (!correction.rates) return undefined
  return { rates: correction.rates, tiers: [], source: `correction:${correction.name}@${correction.checked}` }
}

/** USD per million tokens. */
function usd(decimal: string): Rate {
  return decimalToInteger(decimal, 9)
}

function mistralDocs(page: string): string {
  return `https://github.com/mistralai/platform-docs-public/blob/038807d6747eff51cd0d241af2e13c702075d6d4/src/schema/models/models/${page}.ts`
}
