import { connect } from 'node:net'
import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { type SseOptions, startUpstream } from './index.ts'
import { formatEvent, type StreamEvent, toWrites } from './sse-format.ts'

const event = (data: string, name?: string): StreamEvent => ({
  data,
  role: 'other',
  ...(name !== undefined && { name }),
})
const text = 'Grüße, 你好 😀 and more words'

describe('formatEvent', () => {
  it.each<[SseOptions, string]>([
    [{}, 'event: ping\ndata: {}\n\n'],
    [{ lineEnd: '\r\n' }, 'event: ping\r\ndata: {}\r\n\r\n'],
    [{ lineEnd: '\r', space: false }, 'event:ping\rdata:{}\r\r'],
    [{ comment: 'wait' }, ': wait\n\nevent: ping\ndata: {}\n\n'],
  ])('writes %j', (options, expected) => {
    expect(formatEvent(event('{}', 'ping'), options).toString()).toBe(expected)
  })

  it('spreads data with line feeds over several lines', () => {
    expect(formatEvent(event('a\nb'), {}).toString()).toBe('data: a\ndata: b\n\n')
  })
})

describe('toWrites', () => {
  it('changes where writes end and nothing else', () => {
    const options = fc.oneof(
      fc.record({ eventsPerWrite: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ bytesPerWrite: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ cutAt: fc.uniqueArray(fc.nat(100)).map(list => list.sort((a, b) => a - b)) }),
    )
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), options, (texts, how) => {
        const events = texts.map(data => formatEvent(event(data), {}))
        expect(Buffer.concat(toWrites(events, how)).equals(Buffer.concat(events))).toBe(true)
      }),
    )
  })

  it('cuts where it is told', () => {
    const bytes = [Buffer.from('abc'), Buffer.from('defg')]
    const cut = (options: SseOptions) => toWrites(bytes, options).map(String)
    expect(cut({})).toEqual(['abc', 'defg'])
    expect(cut({ eventsPerWrite: 2 })).toEqual(['abcdefg'])
    expect(cut({ bytesPerWrite: 3 })).toEqual(['abc', 'def', 'g'])
    expect(cut({ cutAt: [1, 5, 99] })).toEqual(['a', 'bcde', 'fg'])
  })
})

describe('on the wire', () => {
  it.each<SseOptions>([
    { lineEnd: '\r\n', comment: 'PROCESSING' },
    { space: false, eventsPerWrite: 3 },
    { bytesPerWrite: 1 },
    { lineEnd: '\r\n', bytesPerWrite: 7 },
  ])('is understood by a real decoder with %j', async sse => {
    await using upstream = await startUpstream({ answer: text, sse })
    const openai = new OpenAI({ baseURL: upstream.baseUrl, apiKey: 'k', maxRetries: 0 })
    const stream = openai.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
    expect(await stream.finalContent()).toBe(text)
  })

  it('sends each write as a chunk of its own', async () => {
    await using upstream = await startUpstream({ answer: 'a b c d', sse: { eventsPerWrite: 4 } })
    const socket = connect(upstream.port, '127.0.0.1')
    const body = JSON.stringify({ messages: [], stream: true })
    socket.write(
      `POST /chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    )
    let received = ''
    for await (const bytes of socket) received += String(bytes)
    // Role, four words, finish and [DONE] are seven events: two writes and the chunk of length 0 that ends the body.
    expect(received.match(/^[0-9a-f]+\r$/gm)).toHaveLength(3)
    expect(received).toMatch(/\r\n0\r\n\r\n$/)
  })
})
