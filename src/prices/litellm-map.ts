import { decimalToInteger } from '../core/money.ts'
import {
  type Rate,
  type Rates,
  type ServiceRates,
  type Services,
  STATED_SERVICES,
  type StatedService,
} from '../core/price.ts'
import { PER_SEARCH, type PriceKey, readPriceKey } from './price-keys.ts'

/** The prices that an operator or a price map states, kind by kind; what is absent is left to others. */
export interface PriceOverride {
  readonly rates: Partial<Rates>
  /** In ascending order of threshold; each states only what changes there. */
  readonly tiers: readonly TierOverride[]
  /** What is stated of service tiers. */
  readonly services: Services
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
  readFastFactor(entry, draft)
  readSearches(entry, draft)
  return draft.finish(INPUT_ONLY_MODES.has(entry.mode))
}

/** Whether an override states any price at all. */
export function statesPrice(override: PriceOverride): boolean {
  const { rates, tiers, services } = override
  return Object.keys(rates).length > 0 || tiers.length > 0 || Object.keys(services).length > 0
}

class Draft {
  readonly #plain = new DraftSheet()
  readonly #services = new Map<StatedService, DraftSheet>()
  readonly #unreadable: string[] = []
  /** `Services.fast`. */
  fast: bigint | undefined

  set({ service, kind }: PriceKey, above: number, rate: Rate): void {
    this.#sheetOf(service).set(above, kind, rate)
  }

  refuse(key: string): void {
    this.#unreadable.push(key)
  }

  finish(inputOnly: boolean): PriceOverride {
    const stated: { -readonly [Name in keyof Services]: Services[Name] } = {}
    for (const name of STATED_SERVICES) {
      const sheet = this.#services.get(name)
      if (sheet) stated[name] = sheet.finish()
    }
    if (this.fast !== undefined) stated.fast = this.fast
    return { ...this.#plain.finish(), services: stated, inputOnly, unreadable: this.#unreadable }
  }

  #sheetOf(service: StatedService | undefined): DraftSheet {
    if (service === undefined) return this.#plain
    const sheet = this.#services.get(service) ?? new DraftSheet()
    this.#services.set(service, sheet)
    return sheet
  }
}

class DraftSheet {
  readonly #rates = new Map<number, Partial<Record<keyof Rates, Rate>>>([[0, {}]])

  set(above: number, kind: keyof Rates, rate: Rate): void {
    const rates = this.#rates.get(above) ?? {}
    rates[kind] = rate
    this.#rates.set(above, rates)
  }

  finish(): ServiceRates {
    const tiers = [...this.#rates]
      .filter(([above]) => above > 0)
      .sort(([a], [b]) => a - b)
      .map(([aboveInputTokens, rates]) => ({ aboveInputTokens, rates }))
    return { rates: this.#rates.get(0) ?? {}, tiers }
  }
}

const SEARCH_KINDS = [
  ['webSearch', 'search_context_size_medium'],
  ['webSearchLow', 'search_context_size_low'],
  ['webSearchHigh', 'search_context_size_high'],
] as const satisfies readonly (readonly [keyof Rates, string])[]

/** `search_context_cost_per_query: {search_context_size_low: 0.01, ...}`: USD per search. Without a medium one, the dearest. */
function readSearches({ search_context_cost_per_query: costs }: PriceEntry, draft: Draft): void {
  if (costs === undefined || costs === null) return
  const stated: PriceEntry = typeof costs === 'object' ? { ...costs } : { search_context_size_medium: costs }
  let dearest: Rate | undefined
  let hasMedium = false
  for (const [kind, name] of SEARCH_KINDS) {
    const value = stated[name]
    if (value === undefined || value === null) continue
    const rate = readRate(value, PER_SEARCH)
    if (rate === undefined) return draft.refuse('search_context_cost_per_query')
    draft.set({ ...PER_SEARCH, kind }, 0, rate)
    hasMedium ||= kind === 'webSearch'
    if (dearest === undefined || rate > dearest) dearest = rate
  }
  if (!hasMedium && dearest !== undefined) draft.set(PER_SEARCH, 0, dearest)
}

/**
 * `provider_specific_entry: {fast: 2}`: what Anthropic's fast mode costs as a multiple of the plain rates, caching included
 * (https://platform.claude.com/docs/en/build-with-claude/fast-mode). LiteLLM keeps factors of regions beside it.
 */
function readFastFactor({ provider_specific_entry: entry }: PriceEntry, draft: Draft): void {
  if (typeof entry !== 'object' || entry === null || !('fast' in entry)) return
  const { fast } = entry
  if (fast === null) return
  const factor = readDecimal(fast, 6)
  if (factor === undefined || factor < 0n || factor > MOST_FACTOR) draft.refuse('provider_specific_entry')
  else draft.fast = factor
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
  for (const { meaning, rate } of found) draft.set(meaning, meaning.above ?? from, rate)
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

/** Dearer than a thousand times the plain rates nothing is. */
const MOST_FACTOR = 1_000n * 1_000_000n

/** A value in USD as nano-USD per million, by its decimal text; undefined when it is no price. */
function readRate(value: unknown, { kind, scale }: PriceKey): Rate | undefined {
  const rate = readDecimal(value, scale)
  const most = kind === 'request' || kind === 'webSearch' ? MOST_PER_REQUEST : MOST_PER_TOKEN
  return rate === undefined || rate < 0n || rate > most ? undefined : rate
}

function readDecimal(value: unknown, scale: number): bigint | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  try {
    return decimalToInteger(value, scale)
  } catch {
    return undefined
  }
}
