import { expect, test } from 'vitest'
import { Failure } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import { failureMessage, MAX_MESSAGE } from './redact.ts'
import { deployment } from './scripted-call.ts'

const KEY = 'Zk9+/qW3rT7uI0pL5sD2fG8hJ4kX6cV1bN9mQ+/w'
const guarded = deployment({
  apiKey: new Secret(KEY),
  headers: {
    'x-team-token': new Secret('team-token-0123456789'),
    Authorization: new Secret('Bearer header-secret-42'),
  },
})

const message = (text: string) => failureMessage(new Failure('refused_credentials', text), [guarded])

test.each([
  ['the key', KEY],
  ['its base64', Buffer.from(KEY).toString('base64')],
  ['its URL-encoded form', encodeURIComponent(KEY)],
  ['its beginning', KEY.slice(0, 12)],
  ['a secret header', 'team-token-0123456789'],
  ['the credential within a header', 'header-secret-42'],
])('%s of a deployment is masked', (_, secret) => {
  const masked = message(`upstream said: ${secret} is wrong`)
  expect(masked).toBe('upstream said: *** is wrong')
})

test.each([
  ['Incorrect API key provided: sk-proj-abc***********wxyz.', 'sk-proj'],
  ['GET https://host/v1?key=AIzaSyD-abcdefgh1234&alt=sse', 'AIzaSy'],
  ['GET https://host/v1?alt=sse&key=abcdefgh1234 failed', 'abcdefgh1234'],
  ['authorization: Bearer abc.def-ghi123', 'abc.def'],
  ['x-api-key: 0123456789abcdef', '0123456789'],
  ['connect https://user:hunter2secret@proxy:3128', 'hunter2secret'],
  ['assume AKIAIOSFODNN7EXAMPLE', 'IOSFODNN7'],
])('keys of nobody we know are masked by their shape: %s', (text, secret) => {
  expect(message(text)).not.toContain(secret)
})

test('a harmless message stays as it is', () => {
  const text = 'openai/gpt-4o-mini answered 503 after 412 ms; the token limit of 128000 was not reached'
  expect(message(text)).toBe(text)
})

test('the cause is never shown', () => {
  const failure = new Failure('internal', 'the answer was not JSON', { cause: new Error(KEY) })
  expect(failureMessage(failure, [])).toBe('the answer was not JSON')
})

test('a long message is cut, also where a key lies at the cut', () => {
  const masked = message(`${'x'.repeat(MAX_MESSAGE - 10)}${KEY}${'y'.repeat(MAX_MESSAGE * 9)}`)
  expect(masked.length).toBe(MAX_MESSAGE)
  expect(masked).not.toContain(KEY.slice(0, 6))
})
