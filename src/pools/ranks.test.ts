import { describe, expect, it } from 'vitest'
import { orderOfRanks } from './ranks.ts'

describe('orderOfRanks', () => {
  it('puts pools in the order of their priorities, equals in any order', () => {
    const group = { by: 'priority', ranks: [['a', 'b'], ['c']] } as const
    expect(orderOfRanks(group, () => 0.99)).toEqual({ first: 'a', rest: ['b', 'c'], reason: 'by priority: a, b, c' })
    expect(orderOfRanks(group, () => 0)).toMatchObject({ first: 'b', rest: ['a', 'c'] })
  })

  it('knows no order of anything else', () => {
    expect(orderOfRanks(undefined, () => 0)).toBeUndefined()
    expect(orderOfRanks({ by: 'priority', ranks: [] }, () => 0)).toBeUndefined()
  })
})
