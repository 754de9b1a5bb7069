import { expect, test } from 'vitest'
import { BoundedMap } from './bounded-map.ts'

test('a bounded map drops the least recently used that may go', () => {
  const map = new BoundedMap<string, number>(2, value => value !== 1)
  map.set('a', 1)
  map.set('b', 2)
  map.set('c', 3)
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3])
  map.set('d', 1)
  map.set('e', 1)
  expect(map.size).toBe(3)
})
