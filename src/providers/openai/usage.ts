import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { ServiceTier } from '../../core/price.ts'
import type { Operation } from '../../core/request.ts'
import { serviceTierNamed } from '../../core/service-tier.ts'
import { MOST_TOKENS, type Usage } from '../../core/usage.ts'

/**
 * Reads a `usage` object of OpenAI's API, with the members that other hosts add to it. `prompt_tokens` includes cached
 * tokens (https://platform.openai.com/docs/api-reference/chat/object); DeepSeek names the cached ones
 * `prompt_cache_hit_tokens`, Moonshot `cached_tokens`. xAI and Gemini leave reasoning out of `completion_tokens` and count
 * it in `total_tokens` alone: it is output, and billed. Undefined unless it says both how much was read and how much was written:
 * half of a count would pass for the whole of it, and the other half would cost nothing. The answer says beside it by which
 * service tier it comes.
 */
export function readUsage(value: Json | undefined, operation: Operation, serviceTier?: ServiceTier): Usage | undefined {
  if (!isObject(value)) return undefined
  const totals = operation === 'embedding' ? inputAlone(value) : bothOf(value)
  if (!totals) return undefined
  const { inputTokens, outputTokens } = totals
  const prompt = part(value.prompt_tokens_details) ?? part(value.input_tokens_details)
  const completion = part(value.completion_tokens_details) ?? part(value.output_tokens_details)
  const unseen = Math.max((count(value.total_tokens) ?? 0) - inputTokens - outputTokens, 0)
  const usage: { -readonly [K in keyof Usage]: Usage[K] } = { inputTokens, outputTokens: outputTokens + unseen }
  const cached =
    count(prompt?.cached_tokens) ??
    count(value.prompt_cache_hit_tokens) ??
    count(value.cache_read_input_tokens) ??
    count(value.cached_tokens)
  if (cached) usage.cacheReadTokens = cached
  const written =
    count(prompt?.cache_creation_tokens) ??
    count(prompt?.cache_write_tokens) ??
    count(value.cache_creation_input_tokens)
  if (written) usage.cacheWriteTokens = written
  const inputAudio = count(prompt?.audio_tokens)
  if (inputAudio) usage.inputAudioTokens = inputAudio
  const outputAudio = count(completion?.audio_tokens)
  if (outputAudio) usage.outputAudioTokens = outputAudio
  const reasoning = count(completion?.reasoning_tokens) || unseen
  if (reasoning) usage.reasoningTokens = reasoning
  if (value.server_tool_use !== undefined) {
    const searches = count(part(value.server_tool_use)?.web_search_requests)
    if (searches !== undefined) usage.webSearches = searches
  }
  if (serviceTier !== undefined) usage.serviceTier = serviceTier
  return usage
}

/** The service tier that an answer, or a chunk of one, says it comes by. */
export function readServiceTier({ service_tier: tier }: JsonObject): ServiceTier | undefined {
  return typeof tier === 'string' && tier !== '' ? serviceTierNamed(tier) : undefined
}

type Totals = Pick<Usage, 'inputTokens' | 'outputTokens'>

/** What one side leaves out stands in the total. No prompt has no tokens: hosts that do not count say 0 of both. */
function bothOf(value: JsonObject): Totals | undefined {
  const input = count(value.prompt_tokens) ?? count(value.input_tokens)
  const output = count(value.completion_tokens) ?? count(value.output_tokens)
  const inputTokens = input ?? restOf(value, output)
  const outputTokens = output ?? restOf(value, input)
  if (inputTokens === undefined || outputTokens === undefined || inputTokens + outputTokens === 0) return undefined
  return { inputTokens, outputTokens }
}

function restOf({ total_tokens }: JsonObject, other: number | undefined): number | undefined {
  const rest = (count(total_tokens) ?? 0) - (other ?? Number.POSITIVE_INFINITY)
  return rest > 0 ? rest : undefined
}

/** Embeddings have no output: a total that stands alone, as Voyage's does, is their input. */
function inputAlone(value: JsonObject): Totals | undefined {
  const inputTokens = count(value.prompt_tokens) ?? count(value.input_tokens) ?? count(value.total_tokens)
  return inputTokens ? { inputTokens, outputTokens: count(value.completion_tokens) ?? 0 } : undefined
}

function part(value: Json | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

function count(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_TOKENS ? value : undefined
}
