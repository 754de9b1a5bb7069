import { decimalToInteger } from '../core/money.ts'
import type { Rate, Rates } from '../core/price.ts'
import { type PriceKey, readPriceKey } from './price-keys.ts'

/** The prices that an operator or a price map states, kind by kind; what is absent is left to others. */
export interface PriceOverride {
  readonly rates: Partial<Rates>
  /** In ascending order of threshold; each states only what changes there. */
  readonly tiers: readonly TierOverride[]
  /** `mode` says that nothing is generated (embedding, rerank, moderation), so no output price is needed. */
  readonly inputOnly: boolean
  /** Keys whose value is no price: not a decimal number, negative, or beyond all reason. They have no effect. */
  readonly unreadable: readonly string[]
}

/** Above `aboveInputTokens` prompt tokens these rates replace the base ones for the whole request. */
export interface TierOverride {
  readonly aboveInputTokens: number
  readonly rates: Partial<Rates>
}

/** Parsed YAML or JSON: the parameters of a deployment, or an entry of a price map. */
export type PriceEntry = Readonly<Record<string, unknown>>

const INPUT_ONLY_MODES: ReadonlySet<unknown> = new Set(['embedding', 'rerank', 'moderation'])

/**
 * Reads the price keys of an entry in LiteLLM's vocabulary (USD per token; numbers or decimal strings; null is unset).
 * To read a deployment, pass `{ ...model_info, ...litellm_params }`: then one side's prices and the other's `mode` are
 * seen together. `tiered_pricing` fills in what the plain keys leave open.
 */
export function readPriceKeys(entry: PriceEntry): PriceOverride {
  const draft = new Draft()
  readRanges(entry, draft)
  readKeys(entry, draft)
  return draft.finish(INPUT_ONLY_MODES.has(entry.mode))
}

/** Whether an override states any price at all. */
export function statesPrice(override: PriceOverride): boolean {
  return Object.keys(override.rates).length > 0 || override.tiers.length > 0
}

class Draft {
  readonly #rates = new Map<number, Partial<Record<keyof Rates, Rate>>>([[0, {}]])
  readonly #unreadable: string[] = []

  set(above: number, kind: keyof Rates, rate: Rate): void {
    const rates = this.#rates.get(above) ?? {}
    rates[kind] = rate
    this.#rates.set(above, rates)
  }

  refuse(key: string): void {
    this.#unreadable.push(key)
  }

  finish(inputOnly: boolean): PriceOverride {
    const tiers = [...this.#rates]
      .filter(([above]) => above > 0)
      .sort(([a], [b]) => a - b)
      .map(([aboveInputTokens, rates]) => ({ aboveInputTokens, rates }))
    return { rates: this.#rates.get(0) ?? {}, tiers, inputOnly, unreadable: this.#unreadable }
  }
}

function readKeys(entry: PriceEntry, draft: Draft, from = 0): void {
  const found: { readonly meaning: PriceKey; readonly rate: Rate }[] = []
  for (const [key, value] of Object.entries(entry)) {
    const meaning = readPriceKey(key)
    if (!meaning || value === null || value === undefined) continue
    const rate = readRate(value, meaning)
    if (rate === undefined) draft.refuse(key)
    else found.push({ meaning, rate })
  }
  // Secondary spellings first, so that the usual ones overwrite them.
  found.sort((a, b) => Number(b.meaning.secondary) - Number(a.meaning.secondary))
  for (const { meaning, rate } of found) draft.set(meaning.above ?? from, meaning.kind, rate)
}

/**
 * `tiered_pricing: [{range: [0, 32000], input_cost_per_token, ...}, ...]`: the range that holds the prompt's tokens
 * prices the whole request, which is how Alibaba, whose models have them, charges.
 */
function readRanges(entry: PriceEntry, draft: Draft): void {
  const ranges = entry.tiered_pricing
  if (ranges === undefined || ranges === null) return
  if (!Array.isArray(ranges)) return draft.refuse('tiered_pricing')
  for (const range of ranges) {
    const from = rangeStart(range)
    if (from === undefined) draft.refuse('tiered_pricing')
    else readKeys(range, draft, from)
  }
}

function rangeStart(range: unknown): number | undefined {
  if (typeof range !== 'object' || range === null || !('range' in range) || !Array.isArray(range.range))
    return undefined
  const from: unknown = range.range[0]
  return typeof from === 'number' && from >= 0 ? from : undefined
}

/** What nobody charges: over 1 USD per token, over 1,000 USD per request. */
const MOST_PER_TOKEN = 10n ** 15n
const MOST_PER_REQUEST = 1_000n * MOST_PER_TOKEN

/** A value in USD as nano-USD per million, by its decimal text; undefined when it is no price. */
function readRate(value: unknown, { kind, scale }: PriceKey): Rate | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  try {
    const rate = decimalToInteger(value, scale)
    const most = kind === 'request' ? MOST_PER_REQUEST : MOST_PER_TOKEN
    return rate < 0n || rate > most ? undefined : rate
  } catch {
    return undefined
  }
}
