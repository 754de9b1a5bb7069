import { expect, test } from 'vitest'
import { SlidingCount } from './sliding-count.ts'

test('a sliding count forgets what is 60 seconds old, also after a long silence', () => {
  const count = new SlidingCount()
  count.add(500)
  count.add(30_000)
  expect(count.total(59_999)).toBe(2)
  expect(count.total(60_500)).toBe(1)
  expect(count.total(10_000_000)).toBe(0)
  count.add(10_000_000)
  expect(count.total(10_000_001)).toBe(1)
})
