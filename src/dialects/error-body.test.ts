import { describe, expect, it } from 'vitest'
import { attemptAt } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { Failure } from '../core/failure.ts'
import { errorBody, errorHeaders } from './error-body.ts'

describe('an error, as clients are told it', () => {
  it("has OpenAI's shape", () => {
    const failure = new Failure('invalid_request', "'n' is odd", { param: 'n', code: 'invalid_value' })
    expect(errorBody(failure)).toEqual({
      error: { message: "'n' is odd", type: 'invalid_request_error', param: 'n', code: 'invalid_value' },
    })
    expect(errorBody(new Failure('limited', 'slow'))).toMatchObject({ error: { param: null, code: 'limited' } })
  })

  it('lists every attempt as data', () => {
    const { attempt } = attemptAt(deployment({ id: 'a', pool: 'p', model: 'm', baseUrl: 'http://127.0.0.1:1' }))
    attempt.failure = new Failure('overloaded', 'busy', { upstreamStatus: 503 })
    expect(errorBody(new Failure('overloaded', 'busy'), [attempt])).toMatchObject({
      error: {
        message: 'busy',
        provider_specific_fields: {
          attempts: [
            { number: 1, deployment: 'openai/m', pool: 'p', error: 'overloaded', message: 'busy', status: 503 },
          ],
        },
      },
    })
  })

  it('keeps the words of an internal fault inside', () => {
    const failure = Failure.from(new TypeError('cannot read secret of undefined'))
    expect(JSON.stringify(errorBody(failure))).not.toContain('secret')
  })

  it.each([
    [undefined, undefined],
    [1, '1'],
    [1500, '2'],
    [1e12, '300'],
  ])('with a wait of %s ms says retry-after: %s', (retryAfterMs, header) => {
    const headers = errorHeaders(new Failure('rate_limited', 'slow', { retryAfterMs }))
    expect(headers['retry-after']).toBe(header)
    expect(headers['x-should-retry']).toBe('false')
  })

  it('tells when a limit of the caller lets through again, and what is left of all of them', () => {
    const failure = new Failure('limited', 'slow', { code: 'tokens', retryAfterMs: 400_500 })
    const standings = [
      { limit: { level: 'key', subject: 'k', rpm: 10, tpm: 500 }, remainingRequests: 3, remainingTokens: 0 },
    ] as const
    expect(errorHeaders(failure, { standings, now: Date.UTC(2026, 0, 1) })).toMatchObject({
      'retry-after': '401',
      reset_at: '2026-01-01T00:06:40.500Z',
      rate_limit_type: 'tokens',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-api_key-limit-requests': '10',
    })
  })

  it('knows no moment for places, nor for what can never pass', () => {
    const headers = errorHeaders(new Failure('limited', 'full', { code: 'max_parallel_requests' }))
    expect(headers).toEqual({ 'x-should-retry': 'false', rate_limit_type: 'max_parallel_requests' })
    expect(errorHeaders(new Failure('limited', 'the pool is full'))).not.toHaveProperty('rate_limit_type')
  })
})
