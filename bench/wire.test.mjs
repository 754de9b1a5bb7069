import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunk, LAST_CHUNK, MessageReader, requestHead, STREAM_HEAD, wholeMessage } from './wire.mjs'

/** What is read of bytes that come in these pieces: per message its first line and its body. */
function read(pieces) {
  const messages = []
  let current
  const reader = new MessageReader({
    head: text => {
      current = { line: text.split('\r\n')[0], body: '', ended: false }
      messages.push(current)
    },
    body: bytes => {
      current.body += bytes.toString('latin1')
    },
    end: () => {
      current.ended = true
    },
  })
  for (const piece of pieces) reader.read(piece)
  return messages
}

const stream = Buffer.from(`${STREAM_HEAD}${chunk('data: 1\n\n')}${chunk('data: é\n\n')}${LAST_CHUNK}`)
const whole = wholeMessage(500, '{"error":"no"}')
const request = Buffer.from(`${requestHead('/v1/x', { host: 'here' }, 5)}hello`)
const empty = wholeMessage(200, '')

describe('MessageReader', () => {
  it('reads messages with a length, in chunks and without a body, one after the other', () => {
    expect(read([Buffer.concat([whole, stream, empty, request])])).toEqual([
      { line: 'HTTP/1.1 500 -', body: '{"error":"no"}', ended: true },
      { line: 'HTTP/1.1 200 OK', body: Buffer.from('data: 1\n\ndata: é\n\n').toString('latin1'), ended: true },
      { line: 'HTTP/1.1 200 -', body: '', ended: true },
      { line: 'POST /v1/x HTTP/1.1', body: 'hello', ended: true },
    ])
  })

  it('reads the same wherever they are cut', () => {
    const all = Buffer.concat([stream, whole, empty, stream, request])
    const cuts = fc.array(fc.integer({ min: 0, max: all.length }), { maxLength: 30 })
    fc.assert(
      fc.property(cuts, places => {
        const sorted = [0, ...places.sort((a, b) => a - b), all.length]
        const pieces = sorted.slice(1).map((end, index) => all.subarray(sorted[index], end))
        expect(read(pieces)).toEqual(read([all]))
      }),
    )
  })

  it('does not take a message for ended that is not', () => {
    expect(read([stream.subarray(0, stream.length - 2)])[0].ended).toBe(false)
    expect(read([whole.subarray(0, whole.length - 1)])[0].ended).toBe(false)
  })
})
