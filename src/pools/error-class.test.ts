import { expect, test } from 'vitest'
import { Failure, type FailureKind } from '../core/failure.ts'
import { countFor, errorClassOf } from './error-class.ts'

test.each<[FailureKind, number | undefined, string | undefined]>([
  ['rate_limited', 429, 'RateLimitError'],
  ['timed_out', undefined, 'TimeoutError'],
  ['refused_credentials', 401, 'AuthenticationError'],
  ['unknown_upstream_model', 404, 'NotFoundError'],
  ['overloaded', 529, 'ServiceUnavailableError'],
  ['upstream_error', 500, 'InternalServerError'],
  ['upstream_error', 502, 'BadGatewayError'],
  ['upstream_error', 503, 'ServiceUnavailableError'],
  ['unreachable', undefined, 'InternalServerError'],
  ['context_too_long', 400, 'BadRequestError'],
  ['content_refused', 400, 'ContentPolicyViolationError'],
  ['limited', undefined, undefined],
  ['cancelled', undefined, undefined],
])('%s with status %s is a %s', (kind, upstreamStatus, expected) => {
  expect(errorClassOf(new Failure(kind, kind, { upstreamStatus }))).toBe(expected)
})

test('a class without an entry takes the default', () => {
  expect(countFor({ TimeoutError: 0, Default: 4 }, 'TimeoutError')).toBe(0)
  expect(countFor({ TimeoutError: 0, Default: 4 }, 'NotFoundError')).toBe(4)
  expect(countFor({ TimeoutError: 0 }, 'NotFoundError')).toBeUndefined()
  expect(countFor(undefined, 'NotFoundError')).toBeUndefined()
})
