import type { End } from '../core/answer.ts'
import type { Call } from '../core/call.ts'
import type { Ms } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import { DEFAULT_LOGGING } from '../core/logging.ts'
import { shownBaseUrl } from '../core/shown-address.ts'
import { type AttemptLine, answeringAttempt, type CallLine, type CallLineContext, callLine } from './call-line.ts'
import {
  type CostBreakdown,
  type CostFailure,
  type CostSides,
  costBreakdown,
  costFailure,
  type HiddenParams,
  hiddenParams,
  modelParameters,
  requestTags,
} from './callback-details.ts'
import { responseBody } from './response-body.ts'

/** Why a call failed, in LiteLLM's names. */
export interface ErrorInformation {
  /** The HTTP status that the client was told. */
  readonly error_code: string
  /** The kind of failure. */
  readonly error_class: string
  readonly llm_provider: string
  readonly error_message: string
}

/**
 * What a callback is told of a finished call, in the names of LiteLLM's StandardLoggingPayload, with what scenario C asks for
 * beside them. Times are in seconds since 1970 unless their name says otherwise.
 */
export interface CallbackPayload {
  /** The call's. */
  readonly id: string
  readonly trace_id: string
  readonly session_id?: string
  readonly call_type: 'acompletion' | 'atext_completion' | 'aembedding'
  readonly stream: boolean
  /** US dollars, all attempts together, as charged: with discounts and margins where there are any. */
  readonly response_cost: number
  /** The same as an exact integer; a string above 2^53. */
  readonly response_cost_nano_usd: number | string
  /** An attempt had no price, so the cost is a lower bound: 0, as in LiteLLM, where nothing of it is known. */
  readonly unpriced: boolean
  readonly cost_breakdown: CostBreakdown
  /** Why the cost is not known in full. */
  readonly response_cost_failure_debug_info?: CostFailure
  readonly status: 'success' | 'failure'
  readonly custom_llm_provider: string
  readonly total_tokens: number
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly startTime: number
  readonly endTime: number
  /** When the first content came; the end when nobody measured it. */
  readonly completionStartTime: number
  /** Seconds from start to end. */
  readonly response_time: number
  /** The model that has answered. */
  readonly model: string
  readonly model_id: string
  /** The pool that was asked for. */
  readonly model_group: string
  readonly api_base: string
  readonly metadata: JsonObject
  readonly request_tags: readonly string[]
  readonly user_agent?: string
  /** The prompt; absent when message logging is turned off. */
  readonly messages?: unknown
  /** The answer's body, of a stream put together; null when there was none. Absent like the prompt. */
  readonly response?: JsonObject | null
  /** The answer was longer than 1 MiB and is not told in full. */
  readonly response_truncated?: true
  /** The request without its content. */
  readonly model_parameters: JsonObject
  readonly hidden_params: HiddenParams
  readonly error_str?: string
  readonly error_information?: ErrorInformation
  readonly run_id: string
  readonly fallback_triggered: boolean
  readonly latency_ms: Ms
  readonly routing_strategy: string | null
  readonly attempts: readonly AttemptLine[]
}

export const CALL_TYPES = { chat: 'acompletion', completion: 'atext_completion', embedding: 'aembedding' } as const

export interface PayloadContext extends CallLineContext {
  /** Whether the prompt and the answer may be told. */
  readonly content: boolean
  readonly costSides?: CostSides | undefined
}

/** Tells a finished call in LiteLLM's names. */
export function callbackPayload(call: Call, end: End, context: PayloadContext): CallbackPayload {
  const line = callLine(call, end, context)
  const { record, options, request } = call
  const { rules = DEFAULT_LOGGING, content } = context
  const where = deploymentOf(line, call)
  const cost = line.charged_usd ?? line.cost_usd ?? 0
  const unknown = costFailure(record)
  const prompt = line.prompt_tokens ?? 0
  const completion = line.completion_tokens ?? 0
  return {
    id: call.id,
    trace_id: context.traceId,
    ...(options.sessionId !== undefined && { session_id: options.sessionId }),
    call_type: CALL_TYPES[request.operation],
    stream: request.streamed,
    response_cost: cost,
    response_cost_nano_usd: line.charged_nano_usd ?? line.cost_nano_usd ?? 0,
    unpriced: line.unpriced,
    cost_breakdown: costBreakdown(record, context.costSides),
    ...(unknown && { response_cost_failure_debug_info: unknown }),
    status: line.status === 'ok' ? 'success' : 'failure',
    total_tokens: prompt + completion,
    prompt_tokens: prompt,
    completion_tokens: completion,
    ...timesOf(line, record.startedAt),
    ...where,
    model_group: record.requestedPool,
    metadata: { ...options.metadata, ...(rules.keys && options.caller && { user_api_key_hash: options.caller.keyId }) },
    request_tags: requestTags(call, rules),
    model_parameters: modelParameters(request, content, rules),
    hidden_params: hiddenParams(answeringAttempt(record), { api_base: where.api_base, response_cost: cost }),
    ...(options.userAgent !== undefined && { user_agent: options.userAgent }),
    ...(content && contentOf(call)),
    ...errorOf(line, end),
    run_id: line.run_id,
    fallback_triggered: line.fallback_triggered,
    routing_strategy: line.routing_strategy,
    attempts: line.attempts,
  }
}

/** What was asked. */
export function promptOf({ body }: Call['request']): unknown {
  return body.messages ?? body.prompt ?? body.input ?? null
}

type Content = Pick<CallbackPayload, 'messages' | 'response' | 'response_truncated'>

function contentOf({ request, record }: Call): Content {
  const collected = answeringAttempt(record)?.response
  return {
    messages: promptOf(request),
    ...(collected && { response: responseBody(collected, request.streamed) }),
    ...(collected?.truncated && { response_truncated: true }),
  }
}

type Times = Pick<CallbackPayload, 'startTime' | 'endTime' | 'completionStartTime' | 'response_time' | 'latency_ms'>

function timesOf(line: CallLine, startedAt: Ms): Times {
  const startTime = startedAt / 1000
  return {
    startTime,
    endTime: startTime + line.latency_s,
    completionStartTime: startTime + (line.ttft_s ?? line.latency_s),
    response_time: line.latency_s,
    latency_ms: Math.round(line.latency_s * 1_000_000) / 1000,
  }
}

type Where = Pick<CallbackPayload, 'model' | 'model_id' | 'custom_llm_provider' | 'api_base'>

function deploymentOf(line: CallLine, { record, pool }: Call): Where {
  const found = record.attempts.find(attempt => attempt.deployment.id === line.deployment)?.deployment
  return {
    model: line.model ?? pool,
    model_id: line.deployment ?? '',
    custom_llm_provider: line.provider ?? '',
    api_base: found ? shownBaseUrl(found) : '',
  }
}

function errorOf(line: CallLine, { failure }: End): Pick<CallbackPayload, 'error_str' | 'error_information'> {
  if (!failure) return {}
  const message = line.error_message ?? ''
  return {
    error_str: message,
    error_information: {
      error_code: String(failure.verdict.status),
      error_class: failure.kind,
      llm_provider: line.provider ?? '',
      error_message: message,
    },
  }
}
