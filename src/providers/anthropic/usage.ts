import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { ServiceTier } from '../../core/price.ts'
import { MOST_TOKENS, type Usage } from '../../core/usage.ts'

/** Anthropic's counts, of which `input_tokens` leaves out what went through the prompt cache. */
export interface Counts {
  readonly input: number
  readonly output: number
  readonly cacheRead: number | undefined
  /** Of every lifetime. */
  readonly cacheWrite: number | undefined
  readonly cacheWrite1h: number | undefined
  readonly thinking: number | undefined
  /** Searches of the web that Anthropic has run (`server_tool_use`). */
  readonly webSearches: number | undefined
  /** `speed`, where it says that (https://platform.claude.com/docs/en/build-with-claude/fast-mode). */
  readonly serviceTier: ServiceTier | undefined
  /** Of the summaries by which Anthropic shortened the conversation within the request: billed, and in none of the others. */
  readonly compaction: Counts | undefined
}

/**
 * Reads `usage`. Counts are cumulative within a stream; a later event that leaves one out, or sends null, does not take
 * back an earlier one. Undefined while nobody has said how much was read: what is not counted is not free.
 */
export function readCounts(usage: unknown, earlier?: Counts): Counts | undefined {
  if (!isObject(usage)) return earlier
  const input = count(usage, 'input_tokens') ?? earlier?.input
  if (input === undefined) return undefined
  const creation = isObject(usage.cache_creation) ? usage.cache_creation : {}
  const details = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {}
  const tools = isObject(usage.server_tool_use) ? usage.server_tool_use : {}
  return {
    input,
    output: count(usage, 'output_tokens') ?? earlier?.output ?? 0,
    cacheRead: count(usage, 'cache_read_input_tokens') ?? earlier?.cacheRead,
    cacheWrite: count(usage, 'cache_creation_input_tokens') ?? earlier?.cacheWrite,
    cacheWrite1h: count(creation, 'ephemeral_1h_input_tokens') ?? earlier?.cacheWrite1h,
    thinking: count(details, 'thinking_tokens') ?? earlier?.thinking,
    webSearches: count(tools, 'web_search_requests') ?? earlier?.webSearches,
    serviceTier: speedOf(usage.speed) ?? earlier?.serviceTier,
    compaction: compactionOf(usage.iterations) ?? earlier?.compaction,
  }
}

/**
 * Only the speed has a price: Anthropic's `service_tier` says whether the answer took capacity that was paid for ahead, which
 * counts at the plain rates like OpenAI's `scale`.
 */
function speedOf(speed: Json | undefined): ServiceTier | undefined {
  if (typeof speed !== 'string') return undefined
  if (speed === 'fast') return 'fast'
  return speed === 'standard' ? 'default' : 'other'
}

const NOTHING: Counts = {
  input: 0,
  output: 0,
  cacheRead: undefined,
  cacheWrite: undefined,
  cacheWrite1h: undefined,
  thinking: undefined,
  webSearches: undefined,
  serviceTier: undefined,
  compaction: undefined,
}

/** The counts of a whole answer, which says both how much was read and how much was written. */
export function readWholeCounts(usage: unknown): Counts | undefined {
  return isObject(usage) && count(usage, 'output_tokens') !== undefined ? readCounts(usage) : undefined
}

/** https://platform.claude.com/docs/en/build-with-claude/compaction */
function compactionOf(iterations: Json | undefined): Counts | undefined {
  if (!Array.isArray(iterations)) return undefined
  let sum: Counts | undefined
  for (const one of iterations)
    if (isObject(one) && one.type === 'compaction') sum = plus(sum, readCounts(one, NOTHING))
  return sum
}

function plus(a: Counts | undefined, b: Counts | undefined): Counts | undefined {
  if (!a || !b) return a ?? b
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: added(a.cacheRead, b.cacheRead),
    cacheWrite: added(a.cacheWrite, b.cacheWrite),
    cacheWrite1h: added(a.cacheWrite1h, b.cacheWrite1h),
    thinking: added(a.thinking, b.thinking),
    webSearches: added(a.webSearches, b.webSearches),
    serviceTier: a.serviceTier ?? b.serviceTier,
    compaction: undefined,
  }
}

function added(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a + b
}

/** What is billed. */
function all(counts: Counts): Counts {
  return plus(counts, counts.compaction) ?? counts
}

function count(object: JsonObject, name: string): number | undefined {
  const value = object[name]
  return typeof value === 'number' && value >= 0 && value <= MOST_TOKENS ? value : undefined
}

/** Anthropic's counts as tollgate's, in which the input is inclusive. */
export function toUsage(told: Counts): Usage {
  const counts = all(told)
  const { cacheRead, cacheWrite, cacheWrite1h } = counts
  return {
    inputTokens: promptTokens(counts),
    outputTokens: counts.output,
    ...(cacheRead !== undefined && { cacheReadTokens: cacheRead }),
    ...(cacheWrite !== undefined && { cacheWriteTokens: Math.max(cacheWrite - (cacheWrite1h ?? 0), 0) }),
    ...(cacheWrite1h !== undefined && { cacheWrite1hTokens: cacheWrite1h }),
    ...(counts.thinking !== undefined && { reasoningTokens: counts.thinking }),
    ...(counts.webSearches !== undefined && { webSearches: counts.webSearches }),
    ...(counts.serviceTier !== undefined && { serviceTier: counts.serviceTier }),
  }
}

/** Anthropic's counts as OpenAI's `usage`, with the two fields that LiteLLM adds for the cache. */
export function toOpenAiUsage(told: Counts): JsonObject {
  const counts = all(told)
  const prompt = promptTokens(counts)
  return {
    prompt_tokens: prompt,
    completion_tokens: counts.output,
    total_tokens: prompt + counts.output,
    prompt_tokens_details: { cached_tokens: counts.cacheRead ?? 0 },
    ...(counts.thinking !== undefined && { completion_tokens_details: { reasoning_tokens: counts.thinking } }),
    cache_creation_input_tokens: counts.cacheWrite ?? 0,
    cache_read_input_tokens: counts.cacheRead ?? 0,
    ...(counts.webSearches && { server_tool_use: { web_search_requests: counts.webSearches } }),
  }
}

function promptTokens(counts: Counts): number {
  return counts.input + (counts.cacheRead ?? 0) + (counts.cacheWrite ?? 0)
}
