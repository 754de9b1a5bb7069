import type { Attempt } from '../../core/call.ts'
import { deploymentName } from '../../core/deployment.ts'
import { Failure, type FailureKind } from '../../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/** The longest piece of an upstream's message that is passed on. */
const MAX_MESSAGE = 500

/** Codes that say more than the status does. */
const BY_CODE: Readonly<Record<string, FailureKind>> = {
  context_length_exceeded: 'context_too_long',
  string_above_max_length: 'context_too_long',
  content_filter: 'content_refused',
  content_policy_violation: 'content_refused',
  ResponsibleAIPolicyViolation: 'content_refused',
  model_not_found: 'unknown_upstream_model',
  DeploymentNotFound: 'unknown_upstream_model',
  invalid_api_key: 'refused_credentials',
  rate_limit_exceeded: 'rate_limited',
  insufficient_quota: 'rate_limited',
}

/** Words of hosts that send no code; looked for only in the status 400, 413 and 422. */
const BY_TEXT: readonly (readonly [FailureKind, readonly string[]])[] = [
  [
    'context_too_long',
    [
      'context_length_exceeded',
      'maximum context length',
      'context window',
      'context length',
      'prompt is too long',
      'too many tokens',
      'input is too long',
      'exceeds the maximum number of tokens',
    ],
  ],
  [
    'content_refused',
    ['content_policy', 'content policy', 'content_filter', 'content management policy', 'safety system'],
  ],
]

/** What went wrong, from the status and body of a response, or from an error object within a stream. */
export function upstreamFailure(attempt: Attempt, status: number, value: Json | undefined): Failure {
  const { message, code, param } = errorOf(value)
  const kind = kindOf(status, code, message)
  const name = deploymentName(attempt.deployment)
  // What is missing for a 402 is money, and its words say how much.
  if (kind === 'refused_credentials' && status !== 402) {
    return new Failure(kind, `${name} refused the configured credentials (status ${status})`, {
      upstreamStatus: status,
    })
  }
  const { apiKey } = attempt.deployment
  const told = apiKey?.redact(message) ?? message
  return new Failure(kind, `${name} answered ${status}${told ? `: ${told.slice(0, MAX_MESSAGE)}` : ''}`, {
    upstreamStatus: status,
    // An upstream may put the key that it was sent into any of its words.
    code: code && (apiKey?.redact(code) ?? code),
    param: param && (apiKey?.redact(param) ?? param),
  })
}

/** Reads the body of an error; a body that is not JSON (a proxy's HTML) is not quoted. */
export function parseErrorBody(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function kindOf(status: number, code: string | undefined, message: string): FailureKind {
  const byCode = code !== undefined && Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined
  if (byCode) return byCode
  if (status === 400 || status === 413 || status === 422) {
    const text = message.toLowerCase()
    const byText = BY_TEXT.find(([, words]) => words.some(word => text.includes(word)))
    if (byText) return byText[0]
  }
  return kindOfStatus(status)
}

function kindOfStatus(status: number): FailureKind {
  if (status === 401 || status === 402 || status === 403) return 'refused_credentials'
  if (status === 404) return 'unknown_upstream_model'
  if (status === 408 || status === 504) return 'timed_out'
  if (status === 413) return 'context_too_long'
  if (status === 429) return 'rate_limited'
  if (status === 409 || status === 503 || status === 529) return 'overloaded'
  return status >= 500 ? 'upstream_error' : 'rejected'
}

interface UpstreamError {
  readonly message: string
  readonly code: string | undefined
  readonly param: string | undefined
}

/**
 * OpenAI's `{error: {message, code, param}}`, and the shapes of others: `{message}`, `{detail}`, `{detail: [{msg}]}`,
 * `{error: "..."}`, and Gemini's list of one.
 */
function errorOf(value: Json | undefined): UpstreamError {
  const outer = first(value)
  const inner = isObject(outer.error) ? outer.error : outer
  const detail = text(outer.detail) ?? text(first(outer.detail).msg)
  const message = text(inner.message) ?? text(outer.error) ?? detail ?? text(outer.message) ?? ''
  const innermost = isObject(inner.innererror) ? text(inner.innererror.code) : undefined
  return { message, code: innermost ?? text(inner.code), param: text(inner.param) }
}

function first(value: Json | undefined): JsonObject {
  const one = Array.isArray(value) ? value[0] : value
  return isObject(one) ? one : {}
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
