import type { ErrorClass, ErrorClassCounts } from '../core/deployment.ts'
import type { Failure, FailureKind } from '../core/failure.ts'

/**
 * The error class of LiteLLM's policies (`allowed_fails_policy`, `retry_policy`) for every kind of failure. Undefined:
 * the failure is not an upstream's, so that no policy speaks of it.
 */
const classes: Readonly<Record<FailureKind, ErrorClass | undefined>> = {
  invalid_request: undefined,
  unauthorized: undefined,
  forbidden: undefined,
  unknown_model: undefined,
  unknown_route: undefined,
  wrong_method: undefined,
  not_found: undefined,
  too_large: undefined,
  unsupported_media: undefined,
  cancelled: undefined,
  limited: undefined,
  over_budget: undefined,
  deployment_over_budget: undefined,
  unpriced: undefined,
  unavailable: undefined,
  not_implemented: undefined,
  internal: undefined,
  rejected: 'BadRequestError',
  context_too_long: 'BadRequestError',
  content_refused: 'ContentPolicyViolationError',
  rate_limited: 'RateLimitError',
  refused_credentials: 'AuthenticationError',
  unknown_upstream_model: 'NotFoundError',
  overloaded: 'ServiceUnavailableError',
  upstream_error: 'InternalServerError',
  bad_answer: 'InternalServerError',
  unreachable: 'InternalServerError',
  // The call's own deadline, whoever was being asked.
  out_of_time: undefined,
  timed_out: 'TimeoutError',
  broken_off: 'InternalServerError',
}

/** The class of a failure; an upstream's 502 and 503 have classes of their own, whatever their kind. */
export function errorClassOf(failure: Pick<Failure, 'kind' | 'upstreamStatus'>): ErrorClass | undefined {
  const errorClass = classes[failure.kind]
  if (errorClass !== 'InternalServerError') return errorClass
  if (failure.upstreamStatus === 502) return 'BadGatewayError'
  return failure.upstreamStatus === 503 ? 'ServiceUnavailableError' : errorClass
}

/** What a policy says of a class: its own entry, else `Default`, else nothing. */
export function countFor(policy: ErrorClassCounts | undefined, errorClass: ErrorClass): number | undefined {
  return policy?.[errorClass] ?? policy?.Default
}
