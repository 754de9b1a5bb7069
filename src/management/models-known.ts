import type { Deployment } from '../core/deployment.ts'
import type { JsonObject } from '../core/json.ts'
import type { Rate } from '../core/price.ts'

/** What is known of a deployment's model: limits, prices in US dollars per token, abilities. */
export function infoOf({ id, provider, model, limits, price, info }: Deployment): JsonObject {
  const { maxInputTokens = null, maxOutputTokens = null, supports } = limits
  const rates = price?.rates
  return {
    id,
    key: `${provider}/${model}`,
    litellm_provider: provider,
    mode: info.mode ?? 'chat',
    max_tokens: maxOutputTokens ?? maxInputTokens,
    max_input_tokens: maxInputTokens,
    max_output_tokens: maxOutputTokens,
    input_cost_per_token: perToken(rates?.input),
    output_cost_per_token: perToken(rates?.output),
    cache_read_input_token_cost: perToken(rates?.cacheRead),
    cache_creation_input_token_cost: perToken(rates?.cacheWrite),
    output_cost_per_reasoning_token: perToken(rates?.reasoning),
    ...Object.fromEntries(Object.entries(supports).map(([name, value]) => [`supports_${name}`, value])),
  }
}

/** A rate (nano-USD per million) as US dollars per token, by its decimal text. */
export function perToken(rate: Rate | undefined): number | null {
  return rate === undefined ? null : Number(`${rate}e-15`)
}
