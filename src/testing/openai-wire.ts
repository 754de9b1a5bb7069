import { isObject, type JsonObject } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import type { UpstreamDialect, UpstreamError } from './dialect.ts'
import type { StreamEvent } from './sse-format.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** The event that ends a stream in OpenAI's dialect. */
export const DONE_EVENT: StreamEvent = { data: '[DONE]', role: 'done' }

/** Token counts under OpenAI's names. Details stand there only when the script gives them. */
export function openaiUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cacheReadTokens, inputAudioTokens, outputAudioTokens, reasoningTokens } = usage
  const input = details({ cached_tokens: cacheReadTokens, audio_tokens: inputAudioTokens })
  const output = details({ reasoning_tokens: reasoningTokens, audio_tokens: outputAudioTokens })
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(input && { prompt_tokens_details: input }),
    ...(output && { completion_tokens_details: output }),
  }
}

/** Whether the request asks for usage in its stream (`stream_options.include_usage`). */
export function wantsUsage(request: UpstreamRequest): boolean {
  const options = request.body.stream_options
  return isObject(options) && options.include_usage === true
}

/** The refusal of a request that lacks a parameter, in OpenAI's words. */
export function missingParameter(name: string): UpstreamError {
  return {
    status: 400,
    type: 'invalid_request_error',
    message: `Missing required parameter: '${name}'.`,
    code: 'missing_required_parameter',
    param: name,
  }
}

/** What all of OpenAI's operations have in common. */
export const openaiManners: Pick<UpstreamDialect, 'error' | 'errorEvent' | 'streamsUsage' | 'requestIdHeader'> = {
  error: openaiError,
  errorEvent: error => ({ data: JSON.stringify(openaiError(error)), role: 'other' }),
  streamsUsage: wantsUsage,
  requestIdHeader: 'x-request-id',
}

function openaiError(error: UpstreamError): JsonObject {
  const { message, type, param, code } = error
  return { error: { message, type, param: param ?? null, code: code ?? null } }
}

function details(counts: Readonly<Record<string, number | undefined>>): JsonObject | undefined {
  return Object.values(counts).some(count => count !== undefined) ? counts : undefined
}
