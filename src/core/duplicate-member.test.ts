import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countMembers, duplicateMember } from './duplicate-member.ts'
import { outline } from './json-scan.ts'

const membersIn = (text: string) =>
  outline(Buffer.from(text), { name: 'model', deepest: 100, longFrom: Number.POSITIVE_INFINITY }).members

describe('members', () => {
  it('are as many in the text as in the value, wherever each stands once', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = JSON.stringify(value, null, 1)
        expect(membersIn(text)).toBe(countMembers(JSON.parse(text)))
        expect(duplicateMember(Buffer.from(text))).toBeUndefined()
      }),
    )
  })

  it.each([
    ['{"n":100,"a":":","n":1}', 'n'],
    ['{"n":100,"\\u006e":1}', 'n'],
    ['{"n" :1,"n"\t:1}', 'n'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"a":[0,{"b":[[],{"c":{},"d":1,"c":{}}]}]}', 'a[1].b[1].c'],
    ['[{"":1,"":2}]', '[0].'],
    ['{"a":{"b":1},"b":{"a":[],"b":{}},"a":1}', 'a'],
  ])('that stand twice are told: %s', (text, path) => {
    expect(duplicateMember(Buffer.from(text))).toBe(path)
    expect(membersIn(text)).toBeGreaterThan(countMembers(JSON.parse(text)))
  })

  it('of the same name in other objects, and values like names, are none', () => {
    const text = '{"a":{"a":["a","a",{"a":"a"},{"a":"\\"a\\":"}]},"b":{"a":1}}'
    expect(duplicateMember(Buffer.from(text))).toBeUndefined()
    expect(membersIn(text)).toBe(countMembers(JSON.parse(text)))
  })
})
