import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Failure } from './failure.ts'
import { Secret } from './secret.ts'

describe('a failure', () => {
  it('has the verdict of its kind and keeps its cause', () => {
    const cause = new Error('below')
    const failure = new Failure('rate_limited', 'slow down', { cause, retryAfterMs: 5, upstreamStatus: 429 })
    expect(failure).toMatchObject({
      kind: 'rate_limited',
      code: 'rate_limited',
      retryAfterMs: 5,
      upstreamStatus: 429,
      cause,
    })
    expect(failure.verdict).toMatchObject({ status: 429, again: true, blames: true })
    expect(failure).toBeInstanceOf(Error)
  })

  it('is made of whatever was thrown', () => {
    const failure = new Failure('limited', 'no')
    expect(Failure.from(failure)).toBe(failure)
    expect(Failure.from(new TypeError('bug'))).toMatchObject({ kind: 'internal', message: 'bug' })
    expect(Failure.from('text')).toMatchObject({ kind: 'internal', message: 'text' })
    expect(Failure.from(new DOMException('gone', 'AbortError')).kind).toBe('cancelled')
  })
})

describe('a secret', () => {
  const secret = new Secret('sk-0123456789abcdef')

  it('shows itself to nobody by accident', () => {
    const shown = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }),
      `${secret}`,
      inspect(secret, { showHidden: true }),
    ]
    for (const text of shown) expect(text).not.toContain('0123')
  })

  it('is revealed when asked, hinted at when long, and blotted out of texts', () => {
    expect(secret.reveal()).toBe('sk-0123456789abcdef')
    expect([secret.hint(), new Secret('short').hint()]).toEqual(['…cdef', '***'])
    expect(secret.redact('key sk-0123456789abcdef is wrong, sk-0123456789abcdef!')).toBe('key *** is wrong, ***!')
    expect(new Secret('abc').redact('abc')).toBe('abc')
  })
})
