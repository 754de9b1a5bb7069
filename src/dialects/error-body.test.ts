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
})
