import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest } from './near-miss.ts'

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['num_retires', 'num_retries', 1],
    ['abc', 'ab', 1],
    ['abc', 'axc', 1],
    ['ab', 'ba', 1],
    ['kitten', 'sitting', 3],
    ['a', 'abcdef', 3],
  ])('%s to %s is %i', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance)
  })

  it('is symmetric, and 0 only for the same string', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
    fc.assert(
      fc.property(word, word, (one, two) => {
        expect(editDistance(one, two)).toBe(editDistance(two, one))
        expect(editDistance(one, two) === 0).toBe(one === two)
      }),
    )
  })
})

describe('nearest', () => {
  it('finds the best of several and nothing far away', () => {
    expect(nearest('num_retires', ['retry_after', 'num_retries'])).toBe('num_retries')
    expect(nearest('NUM_RETRIES', ['num_retries'])).toBe('num_retries')
    expect(nearest('colour', ['num_retries'])).toBeUndefined()
    expect(nearest('tp', ['rpm', 'tpm'])).toBeUndefined()
  })
})
