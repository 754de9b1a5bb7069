import { expect, it } from 'vitest'
import { repeat } from './repeat.ts'

it('repeats in full, or a share of it, and at least once', () => {
  expect([undefined, '', '1', '0.1', '0'].map(share => repeat(50, share ?? ''))).toEqual([50, 50, 50, 5, 1])
  expect(repeat(3, '0.5')).toBe(2)
  expect(() => repeat(3, '2')).toThrow('TOLLGATE_TEST_SHARE')
  expect(() => repeat(3, 'all')).toThrow('TOLLGATE_TEST_SHARE')
})
