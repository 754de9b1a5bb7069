import type { AttemptRecord, Call } from '../core/call.ts'
import { callCharge, formatShare } from '../core/charge.ts'
import { deploymentName } from '../core/deployment.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { LoggingRules } from '../core/logging.ts'
import type { NanoUsd } from '../core/money.ts'
import type { RateCard } from '../core/price.ts'
import type { Usage } from '../core/usage.ts'
import { dollars } from './figures.ts'

/** How a call's cost came about, in US dollars; LiteLLM's names. Over all attempts; the percentages are the last one's. */
export interface CostBreakdown {
  readonly input_cost: number
  readonly output_cost: number
  readonly tool_usage_cost: number
  /** Before discount and margin. */
  readonly original_cost: number
  readonly discount_percent: number
  readonly discount_amount: number
  readonly margin_percent: number
  readonly margin_fixed_amount: number
  readonly margin_total_amount: number
  readonly total_cost: number
}

/** Splits a cost by the side it is on; the sum is exact. */
export type CostSides = (card: RateCard, usage: Usage) => { readonly input: NanoUsd; readonly output: NanoUsd }

export function costBreakdown({ attempts, cost }: Call['record'], sidesOf: CostSides | undefined): CostBreakdown {
  let output = 0n
  for (const { usage, deployment, cost: own } of attempts) {
    if (own !== undefined && usage && deployment.price && sidesOf) output += sidesOf(deployment.price, usage).output
  }
  const charge = callCharge(attempts)
  const last = attempts.findLast(attempt => attempt.charge)?.charge
  return {
    input_cost: dollars(cost - output),
    output_cost: dollars(output),
    tool_usage_cost: 0,
    original_cost: dollars(cost),
    discount_percent: last ? Number(formatShare(last.discountShare)) : 0,
    discount_amount: dollars(charge?.discount ?? 0n),
    margin_percent: last ? Number(formatShare(last.marginShare)) : 0,
    margin_fixed_amount: dollars(last?.marginFixed ?? 0n),
    margin_total_amount: dollars(charge?.margin ?? 0n),
    total_cost: dollars(charge?.total ?? cost),
  }
}

/** Why a cost is not known in full. */
export interface CostFailure {
  readonly error_str: string
  readonly model: string
  readonly custom_llm_provider: string
}

/** Which deployment has no price; undefined when all have one. */
export function costFailure({ attempts, unpriced }: Call['record']): CostFailure | undefined {
  const deployment = attempts.find(attempt => attempt.usage && attempt.cost === undefined)?.deployment
  if (!unpriced || !deployment) return undefined
  const name = deploymentName(deployment)
  return {
    error_str: `no price is known for ${name}: state one in its litellm_params or in tollgate_settings.prices`,
    model: deployment.model,
    custom_llm_provider: deployment.provider,
  }
}

/** LiteLLM's `hidden_params`, as far as tollgate has them. */
export interface HiddenParams {
  readonly model_id: string
  readonly litellm_model_name: string
  readonly api_base: string
  readonly response_cost: number
  readonly usage_object: JsonObject | null
  /** The upstream's limits and its name for the request. */
  readonly additional_headers: Readonly<Record<string, string>>
}

export function hiddenParams(
  answering: AttemptRecord | undefined,
  about: Pick<HiddenParams, 'api_base' | 'response_cost'>,
): HiddenParams {
  const usage = answering?.usage
  return {
    model_id: answering?.deployment.id ?? '',
    litellm_model_name: answering ? deploymentName(answering.deployment) : '',
    ...about,
    usage_object: usage ? usageObject(usage) : null,
    additional_headers: answering?.upstreamHeaders ?? {},
  }
}

function usageObject({ inputTokens, outputTokens, cacheReadTokens, reasoningTokens }: Usage): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cacheReadTokens !== undefined && { prompt_tokens_details: { cached_tokens: cacheReadTokens } }),
    ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  }
}

const CONTENT = new Set(['model', 'messages', 'prompt', 'input', 'suffix', 'prediction'])
/** They name a person. */
const PERSONAL = new Set(['user', 'safety_identifier'])

/**
 * The request without its content. Where content may not be told, only numbers and switches remain, since tools, formats
 * and free parameters may hold some as well.
 */
export function modelParameters({ body }: Call['request'], content: boolean, { keys }: LoggingRules): JsonObject {
  const told = Object.entries(body).filter(([name, value]) => {
    if (CONTENT.has(name) || (!keys && PERSONAL.has(name))) return false
    return content || isPlain(value)
  })
  return Object.fromEntries(told)
}

function isPlain(value: Json | undefined): boolean {
  return typeof value === 'number' || typeof value === 'boolean'
}

/** LiteLLM's tags: the client's, those of named headers, and the user agent with and without its version. */
export function requestTags({ options }: Call, { userAgentTags }: LoggingRules): readonly string[] {
  const { tags = [], recordTags = [], userAgent } = options
  if (!userAgentTags || !userAgent) return [...tags, ...recordTags]
  const name = userAgent.split('/', 1)[0] ?? userAgent
  const agents = new Set([`User-Agent: ${name}`, `User-Agent: ${userAgent}`])
  return [...tags, ...recordTags, ...agents]
}
