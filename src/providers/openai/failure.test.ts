import { describe, expect, it } from 'vitest'
import { attemptAt } from '../../../test/support/calls.ts'
import { deployment } from '../../../test/support/settings.ts'
import type { FailureKind } from '../../core/failure.ts'
import type { Json } from '../../core/json.ts'
import { Secret } from '../../core/secret.ts'
import { parseErrorBody, upstreamFailure } from './failure.ts'

const KEY = 'sk-0123456789'
const attempt = attemptAt(
  deployment({ id: 'a', pool: 'p', model: 'm', baseUrl: 'http://127.0.0.1:1', apiKey: new Secret(KEY) }),
)
const of = (status: number, value?: Json) => upstreamFailure(attempt, status, value)
const error = (message: string, code?: string): Json => ({
  error: { message, type: 'x', param: 'messages', code: code ?? null },
})

describe('what an upstream says went wrong', () => {
  it.each<[number, Json | undefined, FailureKind]>([
    [400, error('nonsense'), 'rejected'],
    [401, error('bad key'), 'refused_credentials'],
    [402, error('Insufficient Balance'), 'refused_credentials'],
    [403, undefined, 'refused_credentials'],
    [404, error('no such model'), 'unknown_upstream_model'],
    [408, undefined, 'timed_out'],
    [409, undefined, 'overloaded'],
    [413, undefined, 'context_too_long'],
    [422, error('nonsense'), 'rejected'],
    [429, undefined, 'rate_limited'],
    [451, undefined, 'rejected'],
    [500, undefined, 'upstream_error'],
    [502, error('bad gateway'), 'upstream_error'],
    [503, undefined, 'overloaded'],
    [504, undefined, 'timed_out'],
    [529, undefined, 'overloaded'],
    [400, error('x', 'context_length_exceeded'), 'context_too_long'],
    [400, error("This model's maximum context length is 8192 tokens"), 'context_too_long'],
    [400, { message: 'prompt is too long: 9 tokens > 8' }, 'context_too_long'],
    [500, error("This model's maximum context length"), 'upstream_error'],
    [400, error('x', 'content_filter'), 'content_refused'],
    [
      400,
      { error: { message: 'filtered', code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } } },
      'content_refused',
    ],
    [400, error('triggered Azure OpenAI’s content management policy'), 'content_refused'],
    [400, error('x', 'model_not_found'), 'unknown_upstream_model'],
    [400, error('x', 'invalid_api_key'), 'refused_credentials'],
    [403, error('x', 'rate_limit_exceeded'), 'rate_limited'],
    [402, error('x', 'insufficient_quota'), 'rate_limited'],
    // Names that every object has are no codes.
    [400, error('x', 'constructor'), 'rejected'],
    [500, error('x', '__proto__'), 'upstream_error'],
    [500, error('x', 'toString'), 'upstream_error'],
  ])('status %d with %j is %s', (status, value, kind) => {
    expect(of(status, value)).toMatchObject({ kind, upstreamStatus: status })
    expect(of(status, value).verdict.status).toBeGreaterThanOrEqual(400)
  })

  it.each<[Json | undefined, string]>([
    [error('too bad'), 'openai/m answered 418: too bad'],
    [{ error: 'too bad' }, 'openai/m answered 418: too bad'],
    [{ message: 'too bad' }, 'openai/m answered 418: too bad'],
    [{ detail: 'too bad' }, 'openai/m answered 418: too bad'],
    [{ detail: [{ loc: ['body'], msg: 'too bad' }] }, 'openai/m answered 418: too bad'],
    [[{ error: { code: 418, message: 'too bad', status: 'TEAPOT' } }], 'openai/m answered 418: too bad'],
    [undefined, 'openai/m answered 418'],
    ['too bad', 'openai/m answered 418'],
    [[], 'openai/m answered 418'],
  ])('is passed on from %j', (value, message) => expect(of(418, value).message).toBe(message))

  it('keeps code and parameter', () => {
    expect(of(400, error('x', 'odd'))).toMatchObject({ code: 'odd', param: 'messages' })
    expect(of(400, { error: { message: 'x' } })).toMatchObject({ code: 'rejected', param: undefined })
  })

  it('never shows the key, nor what was said about it', () => {
    expect(of(400, error(`key ${KEY} is odd`)).message).toBe('openai/m answered 400: key *** is odd')
    expect(of(401, error('Incorrect API key provided: sk-012*789')).message).not.toContain('sk-')
  })

  it('tells what is missing where an account has no money left', () => {
    expect(of(402, error(`${KEY}: add credits`)).message).toBe('openai/m answered 402: ***: add credits')
  })

  it('is cut when it is long, and not quoted when it is no JSON', () => {
    expect(of(500, error('x'.repeat(5000))).message.length).toBeLessThan(600)
    expect(parseErrorBody(Buffer.from('<html>'))).toBeUndefined()
    expect(parseErrorBody(Buffer.from('{"a":1}'))).toEqual({ a: 1 })
  })
})
