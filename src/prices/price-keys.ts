import { type Rates, STATED_SERVICES, type StatedService } from '../core/price.ts'

/** One kind of rate on a card. */
export type RateKind = keyof Rates

/** What an effective price key means. */
export interface PriceKey {
  readonly kind: RateKind
  /** The key's unit: a value in USD times `10^scale` is nano-USD per million tokens or requests. */
  readonly scale: number
  /** The rate holds above so many input tokens; undefined: it is the base rate. */
  readonly above?: number
  /** The rate holds for answers of this service tier alone. */
  readonly service?: StatedService
  /** Another spelling, which gives way when the usual key stands beside it. */
  readonly secondary: boolean
}

/** USD per token or request: 10^9 nano-USD, times a million. */
const PER_ONE = 15
/** USD per thousand tokens: 10^9 nano-USD, times a thousand. */
const PER_THOUSAND = 12

const primary = (kind: RateKind): PriceKey => ({ kind, scale: PER_ONE, secondary: false })
const secondary = (kind: RateKind, scale: number): PriceKey => ({ kind, scale, secondary: true })

/** What `search_context_cost_per_query` states for each size. */
export const PER_SEARCH: PriceKey = primary('webSearch')

/** Keys that may carry a threshold suffix. */
const TOKEN_KEYS: ReadonlyMap<string, PriceKey> = new Map([
  ['input_cost_per_token', primary('input')],
  ['output_cost_per_token', primary('output')],
  ['cache_read_input_token_cost', primary('cacheRead')],
  ['cache_creation_input_token_cost', primary('cacheWrite')],
  ['cache_creation_input_token_cost_above_1hr', primary('cacheWrite1h')],
  ['input_cost_per_audio_token', primary('inputAudio')],
  ['output_cost_per_audio_token', primary('outputAudio')],
  ['output_cost_per_reasoning_token', primary('reasoning')],
])

const OTHER_KEYS: ReadonlyMap<string, PriceKey> = new Map([
  ['input_cost_per_request', primary('request')],
  ['input_cost_per_token_cache_hit', secondary('cacheRead', PER_ONE)],
  ['cost_per_1k_input_tokens', secondary('input', PER_THOUSAND)],
  ['cost_per_1k_output_tokens', secondary('output', PER_THOUSAND)],
])

const THRESHOLD = /^(.+)_above_(\d+(?:\.\d+)?)k_tokens$/

/** `input_cost_per_token_priority`, `..._above_272k_tokens_priority`; the suffixes stand in either order. */
const SERVICE = /_(?:flex|priority|ultrafast)(?=$|_above_\d)/

/** What a key means for the price of tokens and requests; undefined when it has no effect on it. */
export function readPriceKey(key: string): PriceKey | undefined {
  const plain = TOKEN_KEYS.get(key) ?? OTHER_KEYS.get(key)
  if (plain) return plain
  const suffix = SERVICE.exec(key)?.[0]
  const service = STATED_SERVICES.find(name => suffix === `_${name}`)
  if (suffix === undefined || service === undefined) return readTokenKey(key)
  const meaning = readTokenKey(key.replace(suffix, ''))
  return meaning && { ...meaning, service }
}

function readTokenKey(key: string): PriceKey | undefined {
  const plain = TOKEN_KEYS.get(key)
  if (plain) return plain
  const match = THRESHOLD.exec(key)
  const base = match?.[1] === undefined ? undefined : TOKEN_KEYS.get(match[1])
  return base && { ...base, above: Math.round(Number(match?.[2]) * 1000) }
}

/** Keys whose values are no single price. */
const NESTED: ReadonlySet<string> = new Set(['tiered_pricing', 'search_context_cost_per_query'])

/** Whether a key sets a price that tollgate charges by. */
export function isEffectivePriceKey(key: string): boolean {
  return NESTED.has(key) || readPriceKey(key) !== undefined
}

const UNIT =
  'token|second|pixel|character|query|image|image_token|audio_token|audio_per_second|video_per_second|reasoning_token|request'
const SUFFIX = [
  '_above_\\d+(?:\\.\\d+)?k_tokens',
  '_above_(?:8|15)s_interval',
  '_above_(?:512_and_512|1024_and_1024)_pixels',
  '(?:_and)?_premium_image',
  '_cache_hit',
  '_batch_requests',
  '_batches',
  '_flex',
  '_priority',
  '_ultrafast',
].join('|')

/** LiteLLM's price keys (v1.81.12), with any threshold and any order of suffixes. */
const PRICE_KEY = new RegExp(
  `^(?:${[
    `(?:input|output)_cost_per_(?:${UNIT})(?:${SUFFIX})*`,
    '(?:input|output)_dbu_cost_per_token',
    `cache_(?:read|creation)_input_(?:audio_|image_)?token_cost(?:_above_1hr)?(?:${SUFFIX})*`,
    'citation_cost_per_token',
    'cost_per_1k_(?:input|output)_tokens',
    'tiered_pricing',
    'search_context_cost_per_query',
    'web_search_cost_per_request',
    '(?:ocr|annotation)_cost_per_page',
    'code_interpreter_cost_per_session',
    'computer_use_(?:input|output)_cost_per_1k_tokens',
    'file_search_cost_per_1k_calls',
    '(?:file_search|vector_store)_cost_per_gb_per_day',
  ].join('|')})$`,
)

/**
 * Whether a key is one of LiteLLM's prices. Those of seconds, pictures, characters, batches and other tools are
 * legal and have no effect on what tollgate charges for tokens; `isEffectivePriceKey` tells them apart.
 */
export function isPriceKey(key: string): boolean {
  return PRICE_KEY.test(key)
}
