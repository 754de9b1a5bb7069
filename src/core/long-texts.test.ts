import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outline } from './json-scan.ts'
import { parseAround } from './long-texts.ts'

const LONG = 20
const parse = (json: Uint8Array) => JSON.parse(Buffer.from(json).toString()) as unknown

function read(text: string) {
  const bytes = Buffer.from(text)
  const { longTexts } = outline(bytes, { name: 'model', deepest: 100, longFrom: LONG })
  return parseAround(bytes, longTexts, { parse, decode: ({ start, end }) => parse(bytes.subarray(start, end)) })
}

describe('a text that is parsed around its long strings', () => {
  it('has the same value, and writes itself the same', () => {
    const texts = fc.oneof(fc.string({ maxLength: 10 }), fc.string({ minLength: 20, maxLength: 60, unit: 'grapheme' }))
    const { value } = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 4 },
        texts,
        fc.double({ noNaN: true }),
        fc.constant(null),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc.dictionary(texts, tie('value'), { maxKeys: 4 }),
    }))
    fc.assert(
      fc.property(value, given => {
        const text = JSON.stringify(given)
        expect(JSON.stringify(read(text).value)).toBe(JSON.stringify(JSON.parse(text)))
        expect(read(text).value).toEqual(JSON.parse(text))
      }),
    )
  })

  it('decodes them when they are read, and once', () => {
    const content = 'a long text, "quoted" and \\ more'
    const { value, longTexts } = read(JSON.stringify({ messages: [{ role: 'user', content }], list: [content] }))
    const { messages } = value as { messages: { role: string; content: string }[] }
    const [message] = messages
    expect(message && Object.getOwnPropertyDescriptor(message, 'content')?.get).toBeDefined()
    expect(message?.content).toBe(content)
    expect(message && Object.getOwnPropertyDescriptor(message, 'content')).toMatchObject({
      value: content,
      writable: true,
    })
    expect([...longTexts.keys()]).toEqual([message])
    const bytes = JSON.stringify(content).length - 2
    expect(message && longTexts.get(message)?.get('content')).toEqual({ bytes, leastBytes: Math.ceil(bytes / 6) })
  })

  it('throws for one that is not valid when it is read, and for everything around them at once', () => {
    const broken = '{"a":"a long text with a raw \n newline"}'
    expect(() => JSON.parse(broken)).toThrow()
    const { value } = read(broken)
    expect(() => (value as { a: string }).a).toThrow(SyntaxError)
    expect(() => read('{"a":"a long text without any flaw",}')).toThrow(SyntaxError)
  })

  it('takes no text of a request for one of its marks', () => {
    const text = JSON.stringify({ a: 'x'.repeat(LONG), b: '00000000-0000-0000-0000-000000000000:0', c: ':0' })
    expect(read(text).value).toEqual(JSON.parse(text))
  })
})
