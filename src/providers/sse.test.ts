import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventsOf, MAX_EVENT_BYTES, parseEvent, SseSplitter } from './sse.ts'

function split(chunks: readonly Buffer[]) {
  const pieces: Buffer[] = []
  const splitter = new SseSplitter(bytes => pieces.push(Buffer.from(bytes)))
  for (const chunk of chunks) splitter.push(chunk)
  return { pieces, rest: splitter.rest }
}

/** Cuts bytes at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map(place => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}

const data = fc.stringMatching(/^[ -9;-~äöü€😀]{0,20}$/u)
const events = fc.array(
  fc.oneof(
    data.map(text => `data: ${text}`),
    data.map(text => `: ${text}`),
  ),
  { minLength: 1, maxLength: 8 },
)

describe('an event stream', () => {
  it.each(['\n', '\r\n', '\r'])(
    'with lines that end in %j is cut at its blank lines, wherever the bytes are cut',
    end => {
      fc.assert(
        fc.property(events, fc.array(fc.nat(), { maxLength: 6 }), (lines, places) => {
          const whole = Buffer.from(lines.map(line => `${line}${end}${end}`).join(''))
          const { pieces, rest } = split(cut(whole, places))
          expect(rest).toBeUndefined()
          expect(Buffer.concat(pieces)).toEqual(whole)
          const found = pieces
            .flatMap(piece => [...eventsOf(piece)])
            .map(event => event.toString().replace(/[\r\n]+$/, ''))
          expect(found).toEqual(lines)
        }),
      )
    },
  )

  it('keeps what was not finished', () => {
    const { pieces, rest } = split([Buffer.from('data: a\n\nda'), Buffer.from('ta: b\n')])
    expect(pieces.map(String)).toEqual(['data: a\n\n'])
    expect(rest?.toString()).toBe('data: b\n')
  })

  it('is not copied where an event did not begin in an earlier chunk', () => {
    const chunk = Buffer.from('data: a\n\n')
    const pieces: Buffer[] = []
    new SseSplitter(bytes => pieces.push(bytes)).push(chunk)
    expect(pieces[0]).toBe(chunk)
  })

  it('is refused when an event grows too long', () => {
    const splitter = new SseSplitter(() => {})
    const chunk = Buffer.alloc(64 << 10, 'x')
    const push = () => {
      for (let sent = 0; sent <= MAX_EVENT_BYTES; sent += chunk.length) splitter.push(chunk)
    }
    expect(push).toThrow(expect.objectContaining({ kind: 'bad_answer' }))
  })
})

describe('an event', () => {
  it.each([
    ['data: a\n\n', { event: undefined, data: 'a' }],
    ['data:a\r\n\r\n', { event: undefined, data: 'a' }],
    ['event: ping\ndata: 1\ndata: 2\n\n', { event: 'ping', data: '1\n2' }],
    ['data\n\n', { event: undefined, data: '' }],
    ['id: 1\nretry: 5\ndata:  two spaces\r\r', { event: undefined, data: ' two spaces' }],
    [': comment\n\n', undefined],
    ['\n', undefined],
    ['event: end\n\n', undefined],
  ])('%j is read', (text, event) => expect(parseEvent(Buffer.from(text))).toEqual(event))

  it('is read line by line, whatever ends its lines', () => {
    const line = fc.constantFrom('data: a', 'data:b: c', 'event: x', 'data', ': no', 'id: 1: 2', 'a', '')
    const lines = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')))
    fc.assert(
      fc.property(lines, all => {
        const data: string[] = []
        let event: string | undefined
        for (const [text] of all) {
          const [, name = text, value = ''] = /^([^:]*): ?(.*)$/.exec(text) ?? []
          if (name === 'data') data.push(value)
          if (name === 'event') event = value
        }
        const expected = data.length === 0 ? undefined : { event, data: data.join('\n') }
        expect(parseEvent(Buffer.from(all.flat().join('')))).toEqual(expected)
      }),
    )
  })
})
