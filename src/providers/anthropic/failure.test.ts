import { describe, expect, it } from 'vitest'
import { Secret } from '../../core/secret.ts'
import { readFailure } from './failure.ts'
import { KEY } from './fixtures.ts'

function failureOf(status: number, type?: string, message = 'it did not work') {
  const body =
    type === undefined ? '<html>Bad gateway</html>' : JSON.stringify({ type: 'error', error: { type, message } })
  return readFailure(status, Buffer.from(body), new Secret(KEY))
}

describe('a failure', () => {
  it.each([
    [400, 'invalid_request_error', 'rejected'],
    [401, 'authentication_error', 'refused_credentials'],
    [402, 'billing_error', 'refused_credentials'],
    [403, 'permission_error', 'refused_credentials'],
    [404, 'not_found_error', 'unknown_upstream_model'],
    [409, 'conflict_error', 'rejected'],
    [413, 'request_too_large', 'context_too_long'],
    [422, 'invalid_request_error', 'rejected'],
    [429, 'rate_limit_error', 'rate_limited'],
    [500, 'api_error', 'upstream_error'],
    [500, 'overloaded_error', 'overloaded'],
    [503, 'api_error_of_next_year', 'overloaded'],
    [504, 'timeout_error', 'timed_out'],
    [529, 'overloaded_error', 'overloaded'],
    [301, undefined, 'upstream_error'],
    [401, undefined, 'refused_credentials'],
    [404, undefined, 'unknown_upstream_model'],
    [413, undefined, 'context_too_long'],
    [418, undefined, 'rejected'],
    [429, undefined, 'rate_limited'],
    [502, undefined, 'upstream_error'],
    [529, undefined, 'overloaded'],
  ])('%i %s is %s', (status, type, kind) => {
    expect(failureOf(status, type)).toMatchObject({ kind, upstreamStatus: status })
  })

  it.each([
    ['prompt is too long: 205000 tokens > 200000 maximum', 'context_too_long'],
    ['input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000', 'context_too_long'],
    ['Output blocked by content filtering policy', 'content_refused'],
    ['Your credit balance is too low to access the Anthropic API.', 'refused_credentials'],
    ['You have reached your specified API usage limits. You will regain access on 2026-12-01.', 'refused_credentials'],
    ['max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens', 'rejected'],
    ['temperature: range: 0..1', 'rejected'],
  ])('400 "%s" is %s', (message, kind) => {
    expect(failureOf(400, 'invalid_request_error', message).kind).toBe(kind)
  })

  it('says what the provider said, and which field it meant', () => {
    const failure = failureOf(400, 'invalid_request_error', 'messages.0.content: must not be empty')
    expect(failure.message).toBe('Anthropic answered invalid_request_error: messages.0.content: must not be empty')
    expect(failure.param).toBe('messages.0.content')
    expect(failureOf(502).message).toBe('Anthropic answered HTTP 502')
  })

  it('R16: shows no key, neither ours nor another, and no more than 500 characters', () => {
    const failure = failureOf(
      401,
      'authentication_error',
      `invalid x-api-key ${KEY} or sk-ant-api03-other ${'x'.repeat(9000)}`,
    )
    expect(failure.message).toContain('invalid x-api-key *** or ***')
    expect(failure.message).not.toMatch(/sk-ant|secret/)
    expect(failure.message.length).toBeLessThan(600)
  })

  it.each(['', '[]', '{"error":"plain words"}', '{"error":{"type":7}}', '{"error":null}'])(
    'reads the body %j',
    body => {
      expect(readFailure(500, Buffer.from(body), undefined).kind).toBe('upstream_error')
    },
  )
})
