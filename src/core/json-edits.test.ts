import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { afterEdits, memberEdits, memberText } from './json-edits.ts'
import { membersOf } from './json-scan.ts'
import { Pieces } from './pieces.ts'

function edited(text: string, changes: Readonly<Record<string, string | undefined>>): string {
  const bytes = Buffer.from(text)
  const edits = memberEdits(bytes, new Map(Object.entries(changes)))
  const half = bytes.length >> 1
  return String(Buffer.concat(new Pieces([bytes.subarray(0, half), bytes.subarray(half)]).edited(edits)))
}

const GONE = { a: undefined, b: undefined }

describe('members of a text', () => {
  it.each([
    ['{"a":1}', '{}'],
    ['{ "a" : 1 , "c" : 1e400 }', '{ "c" : 1e400 }'],
    ['{"c":1234567890123456789,"a":[{"a":"}"}]}', '{"c":1234567890123456789}'],
    ['{"a":1,"b":2,"c":3}', '{"c":3}'],
    ['{"c":3,"a":1,"b":2 }', '{"c":3 }'],
    ['{"a":1,"c":{"a":1},"b":2,"d":4}', '{"c":{"a":1},"d":4}'],
    ['{"c":3,"\\u0061":1,"a":2}', '{"c":3}'],
    ['{"a":1,"b":2}', '{}'],
    ['["a",1]', '["a",1]'],
  ])('go, and leave the others as they are written: %s', (text, left) => expect(edited(text, GONE)).toBe(left))

  it('are called otherwise, wherever they stand', () => {
    const changes = { a: 'x"y', b: undefined }
    expect(edited('{"b":0, "\\u0061" : 12345678901234567890,"c":"a"}', changes)).toBe(
      '{"x\\"y" : 12345678901234567890,"c":"a"}',
    )
  })

  it('change as they would in a parsed object', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'model', 'ä"', '')
    const body = fc.dictionary(names, fc.jsonValue({ maxDepth: 3 }))
    const targets = fc.dictionary(names, fc.option(fc.constantFrom('x', 'y\\'), { nil: undefined }))
    fc.assert(
      fc.property(body, targets, fc.constantFrom(undefined, 1, '\t'), (object, changes, space) => {
        const expected = Object.entries(object).flatMap(([name, value]) => {
          const to = Object.hasOwn(changes, name) ? changes[name] : name
          return to === undefined ? [] : [[to, value]]
        })
        const parsed: unknown = JSON.parse(edited(JSON.stringify(object, undefined, space), changes))
        expect(parsed).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(expected))))
      }),
    )
  })

  it('that are not touched are found where they stand then', () => {
    const bytes = Buffer.from('{"a":1,"model":"m","b":2,"c":3}')
    const edits = memberEdits(
      bytes,
      new Map([
        ['a', undefined],
        ['b', 'longer'],
      ]),
    )
    const model = membersOf(bytes)[1]?.value ?? { start: 0, end: 0 }
    const { start, end } = afterEdits(model, edits)
    expect(String(Buffer.concat(new Pieces([bytes]).edited(edits))).slice(start, end)).toBe('"m"')
  })

  it('are read as JSON.parse reads them, the last of a name', () => {
    const bytes = Buffer.from('{"a":1,"b":[2, 3] ,"\\u0061":{"a":4}}')
    expect([memberText(bytes, 'a'), memberText(bytes, 'b'), memberText(bytes, 'c')]).toEqual([
      '{"a":4}',
      '[2, 3]',
      undefined,
    ])
  })

  it('of a text that is cut off or garbled do no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, at) => {
        const text = Buffer.from('{"a":["\\\\\\"",{}],"model":"gpt","b":{"model":[1]}}')
        for (const given of [bytes, text.subarray(0, at % text.length)]) memberEdits(given, new Map([['a', 'b']]))
      }),
    )
  })
})
