import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { corpus } from '../../test/support/data.ts'
import { nestsDeeperThan, outline } from './json-scan.ts'

const suite = corpus('fuzz/JSONTestSuite/test_parsing')

const memberSpan = (json: Uint8Array, name: string) =>
  outline(json, { name, deepest: 1_000, longFrom: Number.POSITIVE_INFINITY }).member

function memberOf(json: string, name: string): unknown {
  const bytes = Buffer.from(json)
  const span = memberSpan(bytes, name)
  return span && JSON.parse(bytes.subarray(span.start, span.end).toString())
}

/** How deep a value nests, by walking it. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

/** The strings among the values. */
function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(stringsOf)
}

/** Writes JSON with space wherever JSON allows it, and with some characters of strings as escapes. */
function write(value: unknown, next: () => number): string {
  const space = () => ['', ' ', '\n', '\t\r\n', '  '][next() % 5] ?? ''
  const text = (of: string) => {
    const inner = JSON.stringify(of).slice(1, -1)
    // Only letters that are not part of an escape already.
    if (inner !== of) return JSON.stringify(of)
    return `"${[...of].map(one => (one.length === 1 && next() % 4 === 0 ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : one)).join('')}"`
  }
  const put = (one: unknown): string => {
    if (Array.isArray(one)) return `[${space()}${one.map(put).join(`${space()},${space()}`)}${space()}]`
    if (typeof one === 'object' && one !== null) {
      const members = Object.entries(one).map(([name, of]) => `${text(name)}${space()}:${space()}${put(of)}`)
      return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`
    }
    return typeof one === 'string' ? text(one) : JSON.stringify(one)
  }
  return `${space()}${put(value)}${space()}`
}

const numbers = fc.infiniteStream(fc.nat(100))
const json = fc.jsonValue({ maxDepth: 5 })
const names = fc.constantFrom('model', 'mod', 'Model', '"model"', 'a\\model', 'möd€l', 'stream', '')

describe('the span of a member', () => {
  it.each([
    ['{"model":"a"}', 'a'],
    [' { "x" : 1 , "model"\t:\n"a b" } ', 'a b'],
    ['{"model":{"model":1},"x":2}', { model: 1 }],
    ['{"model":[1,{"a":"]"}]}', [1, { a: ']' }]],
    ['{"x":{"model":1},"model":2}', 2],
    ['{"x":"model","model":"\\"}{\\\\"}', '"}{\\'],
    ['{"mod\\u0065l":"escaped"}', 'escaped'],
    ['{"model":null}', null],
    ['{"model":-1.5e3 }', -1500],
  ])('of %s', (text, value) => expect(memberOf(text, 'model')).toEqual(value))

  it.each([
    ['there is none', '{"mode":1}'],
    ['it stands deeper', '{"a":{"model":1},"b":[{"model":2}]}'],
    ['it is only a value', '{"a":"model"}'],
    ['it stands there twice', '{"model":1,"model":2}'],
    ['it stands there twice, once in disguise', '{"model":1,"\\u006dodel":2}'],
    ['the text is a list', '["model",1]'],
    ['the text is a string', '"model"'],
    ['the text is empty', ''],
  ])('is undefined when %s', (_, text) => expect(memberSpan(Buffer.from(text), 'model')).toBeUndefined())

  it('is what JSON.parse sees, however the text is written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(names, fc.string()), json), names, numbers, (object, name, stream) => {
        const text = write(object, () => Number(stream.next().value))
        const parsed = JSON.parse(text) as Record<string, unknown>
        expect(memberOf(text, name)).toEqual(Object.hasOwn(parsed, name) ? parsed[name] : undefined)
      }),
    )
  })

  it('works in a view of a larger buffer', () => {
    const large = Buffer.from('xxxx{"m\\u006fdel":"a"}yyyy')
    const view = new Uint8Array(large.buffer, large.byteOffset + 4, large.length - 8)
    const span = memberSpan(view, 'model')
    expect(span && Buffer.from(view.subarray(span.start, span.end)).toString()).toBe('"a"')
  })

  it('ends, without a throw, however the text is cut off or garbled', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, at) => {
        const text = Buffer.from('{"a":["\\\\\\"",{}],"model":"gpt","b":{"model":[1]}}')
        for (const given of [bytes, text.subarray(0, at % text.length)]) {
          const span = memberSpan(given, 'model')
          if (span) expect(span.start <= span.end && span.end <= given.length).toBe(true)
          nestsDeeperThan(given, 3)
        }
      }),
    )
  })
})

describe('the outline of a text', () => {
  it('finds the long strings that are no names, and says when it nests too deep', () => {
    const texts = fc.oneof(fc.string({ maxLength: 30 }), fc.string({ minLength: 30, maxLength: 90 }))
    const object = fc.dictionary(texts, fc.oneof(texts, fc.array(texts), fc.jsonValue({ maxDepth: 5 })))
    fc.assert(
      fc.property(object, fc.nat(6), (value, limit) => {
        const bytes = Buffer.from(JSON.stringify(value))
        const found = outline(bytes, { name: 'model', deepest: limit, longFrom: 40 })
        expect(found.isTooDeep).toBe(depthOf(value) > limit)
        if (found.isTooDeep) return
        const long = found.longTexts.map(({ start, end }) => bytes.subarray(start, end).toString())
        const wanted = stringsOf(value).map(one => JSON.stringify(one))
        expect(long.sort()).toEqual(wanted.filter(one => Buffer.byteLength(one) >= 40).sort())
      }),
    )
  })
})

describe('the depth of nesting', () => {
  it('is that of the parsed value', () => {
    fc.assert(
      fc.property(json, fc.nat(8), numbers, (value, limit, stream) => {
        const bytes = Buffer.from(write(value, () => Number(stream.next().value)))
        expect(nestsDeeperThan(bytes, limit)).toBe(depthOf(value) > limit)
      }),
    )
  })

  it('is the same in long texts, which are searched before they are walked', () => {
    const long = 'a prompt, "quoted" \\ [{ '.repeat(100)
    for (const depth of [63, 64]) {
      const text = JSON.stringify({ long, deep: JSON.parse('['.repeat(depth) + ']'.repeat(depth)) })
      expect(nestsDeeperThan(Buffer.from(text), 64)).toBe(depth === 64)
    }
    const wide = JSON.stringify({ long, wide: Array.from({ length: 100 }, () => [{}]) })
    expect([nestsDeeperThan(Buffer.from(wide), 4), nestsDeeperThan(Buffer.from(wide), 3)]).toEqual([false, true])
  })

  it('does not count brackets in strings', () => {
    expect(nestsDeeperThan(Buffer.from('{"a":"[[[[{{{{\\"[[["}'), 1)).toBe(false)
  })

  it('is found before the text is read to its end', () => {
    const deep = Buffer.alloc(1_000_000, '[')
    expect(nestsDeeperThan(deep, 64)).toBe(true)
    expect(nestsDeeperThan(Buffer.from('['.repeat(64) + ']'.repeat(64)), 64)).toBe(false)
  })
})

describe('the JSON test suite', () => {
  it.skipIf(!suite)('is read as JSON.parse reads it, where that reads it', () => {
    const files = readdirSync(suite ?? '').filter(name => name.endsWith('.json'))
    expect(files.length).toBeGreaterThan(300)
    let read = 0
    for (const name of files) {
      const bytes = readFileSync(join(suite ?? '', name))
      const wrapped = Buffer.concat([Buffer.from('{"before":[{}],"model":'), bytes, Buffer.from(',"after":1}')])
      const span = memberSpan(wrapped, 'model')
      const deep = nestsDeeperThan(wrapped, 64)
      let parsed: { model?: unknown }
      try {
        parsed = JSON.parse(wrapped.toString())
      } catch {
        continue
      }
      read++
      expect(deep, name).toBe(depthOf(parsed) > 64)
      expect(JSON.parse(wrapped.subarray(span?.start, span?.end).toString()), name).toEqual(parsed.model)
    }
    expect(read).toBeGreaterThan(90)
  })
})
