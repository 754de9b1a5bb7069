import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { ServiceTier } from '../../core/price.ts'
import { serviceTierNamed } from '../../core/service-tier.ts'
import { MOST_TOKENS, type Usage } from '../../core/usage.ts'

/**
 * Reads a `usage` object of OpenAI's API, with the members that other hosts add to it. `prompt_tokens` includes cached
 * tokens (https://platform.openai.com/docs/api-reference/chat/object); DeepSeek names the cached ones
 * `prompt_cache_hit_tokens`, Moonshot `cached_tokens`. xAI and Gemini leave reasoning out of `completion_tokens` and count
 * it in `total_tokens` alone: it is output, and billed. Undefined when it holds no counts.
 * The answer says beside it by which service tier it comes.
 */
export function readUsage(value: Json | undefined, serviceTier?: ServiceTier): Usage | undefined {
  if (!isObject(value)) return undefined
  const inputTokens = count(value.prompt_tokens) ?? count(value.input_tokens)
  const outputTokens = count(value.completion_tokens) ?? count(value.output_tokens)
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  const prompt = part(value.prompt_tokens_details) ?? part(value.input_tokens_details)
  const completion = part(value.completion_tokens_details) ?? part(value.output_tokens_details)
  const unseen = Math.max((count(value.total_tokens) ?? 0) - (inputTokens ?? 0) - (outputTokens ?? 0), 0)
  const usage: { -readonly [K in keyof Usage]: Usage[K] } = {
    inputTokens: inputTokens ?? 0,
    outputTokens: (outputTokens ?? 0) + unseen,
  }
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

function part(value: Json | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

function count(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_TOKENS ? value : undefined
}
