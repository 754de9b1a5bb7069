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

  it('is cut where blank lines of two kinds meet, byte by byte', () => {
    const bytes = fc.array(fc.constantFrom('a', '\n', '\r', '\r\n', '\r\n\r\n'), { maxLength: 12 })
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 9 }), (texts, places) => {
        const whole = Buffer.from(texts.join(''))
        const { pieces, rest } = split(cut(whole, places))
        expect(Buffer.concat([...pieces, rest ?? Buffer.alloc(0)])).toEqual(whole)
        expect(String(rest ?? '')).not.toMatch(/\n\n|\r\r|\n\r\n/)
      }),
    )
  })

  it('may hold a picture, which comes in many chunks or in bytes', () => {
    const whole = Buffer.from(`data: ${'iVBORw0KGgo='.repeat(140_000)}\n\n`)
    const chunks = Array.from({ length: Math.ceil(whole.length / 997) }, (_, at) =>
      whole.subarray(at * 997, at * 997 + 997),
    )
    const { pieces, rest } = split(chunks)
    expect(whole.length).toBeGreaterThan(1 << 20)
    expect([pieces.length, pieces[0]?.equals(whole), rest]).toEqual([1, true, undefined])
  })

  it('takes bytes one by one without looking at those before again', () => {
    const splitter = new SseSplitter(() => {})
    const byte = Buffer.from('x')
    for (let sent = 0; sent < 1 << 20; sent++) splitter.push(byte)
    expect(splitter.rest?.length).toBe(1 << 20)
  })

  it('is refused when an event grows too long', () => {
    const splitter = new SseSplitter(() => {})
    const chunk = Buffer.alloc(1 << 20, 'x')
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
