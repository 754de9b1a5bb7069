import type { JsonObject } from './json.ts'
import type { ServiceTier } from './price.ts'
import type { SearchContextSize } from './web-search.ts'

/** More tokens than any answer has. A count beyond it is a fault of the upstream, and what it would cost fits no column. */
export const MOST_TOKENS = 1_000_000_000

/**
 * Tokens used by one attempt, as the upstream counts them. `inputTokens` and `outputTokens` are totals;
 * the other fields say how many of them were of a special kind.
 */
export interface Usage {
  /** All prompt tokens, cached ones included. */
  readonly inputTokens: number
  /** All generated tokens, reasoning included. */
  readonly outputTokens: number
  /** Of the input: read from the provider's prompt cache. */
  readonly cacheReadTokens?: number
  /** Of the input: written to the provider's prompt cache (5 minutes, where the provider knows several lifetimes). */
  readonly cacheWriteTokens?: number
  /** Of the input: written to the provider's prompt cache for one hour. */
  readonly cacheWrite1hTokens?: number
  /** Of the input: audio. */
  readonly inputAudioTokens?: number
  /** Of the output: audio. */
  readonly outputAudioTokens?: number
  /** Of the output: reasoning that is billed but not shown. */
  readonly reasoningTokens?: number
  /** Web searches that the provider has run, and charges for each. */
  readonly webSearches?: number
  /** Their context size, where it is not the medium one. */
  readonly searchContextSize?: SearchContextSize
  /** What the provider says it has served the request by. Absent: it did not say. */
  readonly serviceTier?: ServiceTier
  /** True when the provider never said, and tollgate counted what it saw. */
  readonly estimated?: boolean
}

/**
 * What of a usage has a price of its own and is rare: with it a record tells all that the cost was reckoned from. Undefined where there is
 * nothing of the kind. The plain service tier is nothing: OpenAI names it in every answer.
 */
export function usageDetails(usage: Usage): JsonObject | undefined {
  const { cacheWrite1hTokens, inputAudioTokens, outputAudioTokens, webSearches, searchContextSize } = usage
  const serviceTier = usage.serviceTier === 'default' ? undefined : usage.serviceTier
  const isPlain =
    cacheWrite1hTokens === undefined &&
    inputAudioTokens === undefined &&
    outputAudioTokens === undefined &&
    webSearches === undefined &&
    serviceTier === undefined
  if (isPlain) return undefined
  return {
    ...(cacheWrite1hTokens !== undefined && { cache_write_1h_tokens: cacheWrite1hTokens }),
    ...(inputAudioTokens !== undefined && { input_audio_tokens: inputAudioTokens }),
    ...(outputAudioTokens !== undefined && { output_audio_tokens: outputAudioTokens }),
    ...(webSearches !== undefined && { web_searches: webSearches }),
    ...(webSearches !== undefined && searchContextSize !== undefined && { search_context_size: searchContextSize }),
    ...(serviceTier !== undefined && { service_tier: serviceTier }),
  }
}
