import type { Attempt } from '../../core/call.ts'
import { writeExact } from '../../core/exact-numbers.ts'
import { isObject } from '../../core/json.ts'
import type { Exchange, Protocol } from '../protocol.ts'
import { readFailure } from './failure.ts'
import { writeRequest } from './request.ts'
import { type AnswerContext, readWhole } from './response.ts'
import { MessageStreamReader } from './stream.ts'

/**
 * The version whose Messages API this folder writes. 2026-10-21 differs in that it refuses temperature, top_p and top_k,
 * documents in assistant turns and citations in user turns; a deployment may ask for it with a header of its own.
 * https://platform.claude.com/docs/en/api/versioning
 */
const VERSION = '2023-06-01'

/** Speaks Anthropic's Messages API for chat completions. */
export const anthropic: Protocol = (attempt: Attempt): Exchange => {
  const { deployment } = attempt
  const headers = writeHeaders(attempt)
  const context = answerContext(attempt)
  const { body, dropped } = writeRequest(attempt, headers['anthropic-version'] ?? VERSION)
  return {
    url: messagesUrl(deployment.baseUrl),
    headers: Object.entries(headers).flat(),
    body: writeExact(body),
    ...(dropped.length > 0 && { dropped }),
    readStream: answer => new MessageStreamReader(answer, context),
    readWhole: body => readWhole(body, context),
    readFailure: (status, body) => readFailure(status, body, deployment.apiKey),
  }
}

/** The base with or without `/v1`, and the whole address too, as LiteLLM's `api_base` may be any of them. */
function messagesUrl(baseUrl: string): string {
  const base = baseUrl.replace(/\/+$/, '').replace(/\/v1(\/messages)?$/, '')
  return `${base}/v1/messages`
}

/** A deployment's own headers replace ours whatever their case. */
function writeHeaders({ deployment }: Attempt): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'anthropic-version': VERSION,
  }
  if (deployment.apiKey) headers['x-api-key'] = deployment.apiKey.reveal()
  for (const [name, value] of Object.entries(deployment.headers)) headers[name.toLowerCase()] = value.reveal()
  return headers
}

function answerContext({ attempt, deployment, record, request }: Attempt): AnswerContext {
  const options = request.body.stream_options
  return {
    created: Math.floor(record.startedAt / 1000),
    fallbackId: `chatcmpl-${attempt.id}`,
    model: deployment.model,
    includeUsage: isObject(options) && options.include_usage === true,
    secret: deployment.apiKey,
  }
}
