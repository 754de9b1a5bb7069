import { describe, expect, it } from 'vitest'
import { openInterner } from './interner.ts'

describe('values that say the same', () => {
  it('are one object', () => {
    const intern = openInterner()
    const first = intern({ rates: { input: 150n }, list: [1, { a: 'b' }] })
    expect(intern({ rates: { input: 150n }, list: [1, { a: 'b' }] })).toBe(first)
    expect(first).toEqual({ rates: { input: 150n }, list: [1, { a: 'b' }] })
  })

  it.each([
    [{ input: 150n }, { input: 150 }],
    [{ input: 150n }, { input: '150' }],
    [{ input: null }, {}],
    [
      [1, 2],
      [2, 1],
    ],
    [{}, []],
  ])('are not mixed up with others: %o, %o', (one, other) => {
    const intern = openInterner()
    expect(intern(one)).toBe(one)
    expect(intern(other)).toBe(other)
  })

  it('may be nothing', () => expect(openInterner()(undefined)).toBeUndefined())
})
