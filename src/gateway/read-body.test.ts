import { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import type { Failure } from '../core/failure.ts'
import { Pieces } from '../core/pieces.ts'
import { awaitBody, readBody } from './read-body.ts'

const JSON_BODY = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }

/** What came of a request with these headers that sends these pieces. */
function read(headers: IncomingHttpHeaders, pieces: readonly string[] = [], limit = 10): (string | Failure['kind'])[] {
  const told: (string | Failure['kind'])[] = []
  const request = Object.assign(new EventEmitter(), { headers })
  const incoming = request as unknown as IncomingMessage
  const refusal = awaitBody(incoming, {} as ServerResponse, limit)
  if (refusal) return [refusal.kind]
  readBody(incoming, limit, body => told.push(body instanceof Pieces ? String(body.joined()) : body.kind))
  for (const piece of pieces) request.emit('data', Buffer.from(piece))
  request.emit('end')
  return told
}

it.each([
  ['nothing', JSON_BODY, [], ''],
  ['one piece', JSON_BODY, ['{}'], '{}'],
  ['several', JSON_BODY, ['{"a"', ':', '1}'], '{"a":1}'],
  ['parameters', { ...JSON_BODY, 'content-type': 'Application/JSON ; charset=utf-8' }, ['{}'], '{}'],
  ['an encoding that is none', { ...JSON_BODY, 'content-encoding': 'Identity' }, ['{}'], '{}'],
  ['no body at all', {}, [], ''],
  ['an empty body', { 'content-length': '0' }, [], ''],
])('takes %s', (_, headers, pieces, body) => expect(read(headers, pieces)).toEqual([body]))

it.each([
  ['another type', { ...JSON_BODY, 'content-type': 'text/plain' }, 'unsupported_media'],
  ['a type that only begins like it', { ...JSON_BODY, 'content-type': 'application/jsonp' }, 'unsupported_media'],
  ['no type', { 'content-length': '2' }, 'unsupported_media'],
  ['a packed body', { ...JSON_BODY, 'content-encoding': 'gzip' }, 'unsupported_media'],
  ['a length beyond the limit', { 'content-type': 'application/json', 'content-length': '11' }, 'too_large'],
])('refuses %s before anything is taken in', (_, headers, kind) => expect(read(headers)).toEqual([kind]))

it('tells once that pieces have grown too large, and takes no more', () => {
  expect(read(JSON_BODY, ['123456', '78901', '2'])).toEqual(['too_large'])
})

it('keeps few pieces of a body that comes byte by byte', () => {
  const told: unknown[] = []
  const request = Object.assign(new EventEmitter(), { headers: JSON_BODY })
  readBody(request as unknown as IncomingMessage, 10_000, body => told.push(body))
  const text = 'abcdefghij'.repeat(1_000)
  for (const byte of text) request.emit('data', Buffer.from(byte))
  request.emit('end')
  const [body] = told
  if (!(body instanceof Pieces)) return expect.unreachable()
  expect(String(Buffer.from(body.joined()))).toBe(text)
  expect(body.all.length).toBe(2 + 10_000 - 8_192)
})
