import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/index.ts'
import { ulids } from './id.ts'

describe('ids', () => {
  it('are ULIDs whose first ten characters are the time', () => {
    // The example of the specification: 1469918176385 is 01ARYZ6S41.
    const id = ulids(() => 1_469_918_176_385)()
    expect(id).toMatch(/^01ARYZ6S41[0-9A-HJKMNP-TV-Z]{16}$/)
  })

  it('sort by the millisecond in which they were made', () => {
    const clock = new FakeClock()
    const next = ulids(() => clock.now())
    const made = Array.from({ length: 200 }, () => {
      clock.advance(1)
      return next()
    })
    expect(made.toSorted()).toEqual(made)
  })

  it('are different within a millisecond, and use all 32 characters everywhere', () => {
    const next = ulids(() => 0)
    const made = Array.from({ length: 20_000 }, next)
    expect(new Set(made).size).toBe(made.length)
    for (let place = 10; place < 26; place++) expect(new Set(made.map(id => id[place])).size).toBe(32)
  })

  it('hold the last moment that 48 bits can', () => {
    expect(ulids(() => 2 ** 48 - 1)()).toMatch(/^7ZZZZZZZZZ/)
  })
})
