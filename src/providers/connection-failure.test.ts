import { describe, expect, it } from 'vitest'
import { deployment } from '../../test/support/settings.ts'
import { Failure } from '../core/failure.ts'
import { connectionFailure } from './connection-failure.ts'

const one = deployment({ id: 'a', pool: 'p', model: 'm', baseUrl: 'https://api.example.com:8443/v1?key=secret' })
const withCode = (code: string) => Object.assign(new Error('raw text'), { code })

describe('a fault of the connection', () => {
  it.each<[string, unknown, boolean, string, string]>([
    ['is named by its code', withCode('ECONNREFUSED'), false, 'unreachable', 'refused the connection'],
    ['broke off what had begun', withCode('ECONNRESET'), true, 'broken_off', 'reset the connection'],
    [
      'is the first of several',
      new AggregateError([withCode('ENOTFOUND'), withCode('ECONNREFUSED')]),
      false,
      'unreachable',
      'cannot be resolved',
    ],
    [
      'is found in the cause',
      new TypeError('x', { cause: withCode('UND_ERR_SOCKET') }),
      true,
      'broken_off',
      'closed the connection',
    ],
    ['without a code, before', new Error('?'), false, 'unreachable', 'could not be called'],
    ['without a code, after', 'text', true, 'broken_off', 'broke off the answer'],
    ['with a code that objects have', withCode('constructor'), false, 'unreachable', 'could not be called'],
  ])('%s', (_, error, begun, kind, text) => {
    const failure = connectionFailure(error, one, begun)
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(text) })
    expect(failure.message).toContain('openai/m (https://api.example.com:8443)')
    expect(failure.message).not.toContain('secret')
  })

  it('keeps a failure that it was', () => {
    const failure = new Failure('timed_out', 'late')
    expect(connectionFailure(failure, one, false)).toBe(failure)
  })
})
