import { Failure, type FailureKind } from '../../core/failure.ts'
import type { JsonObject } from '../../core/json.ts'

/** LiteLLM's errors that a `mock_response` may name. */
const ERRORS: Readonly<Record<string, FailureKind>> = {
  'litellm.RateLimitError': 'rate_limited',
  'litellm.ContextWindowExceededError': 'context_too_long',
  'litellm.InternalServerError': 'upstream_error',
  'litellm.ServiceUnavailableError': 'overloaded',
  'litellm.Timeout': 'timed_out',
  'litellm.AuthenticationError': 'refused_credentials',
  'litellm.BadRequestError': 'rejected',
  'litellm.ContentPolicyViolationError': 'content_refused',
}

const CONTENT_FILTER = 'Exception: content_filter_policy'

/** A stream that breaks off midway. */
export const STREAM_ERROR = 'Exception: mock_streaming_error'

/** The failure that a mocked response asks for; undefined when it is an answer. */
export function mockFailure(response: string | JsonObject | undefined, name: string): Failure | undefined {
  if (typeof response !== 'string') return undefined
  if (response.startsWith(CONTENT_FILTER)) return failure('content_refused', name, response)
  const kind = Object.hasOwn(ERRORS, response) ? ERRORS[response] : undefined
  return kind && failure(kind, name, response)
}

function failure(kind: FailureKind, name: string, response: string): Failure {
  return new Failure(kind, `${name} fails, as its mock_response '${response.slice(0, 60)}' says`)
}
