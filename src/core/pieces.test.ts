import fc from 'fast-check'
import { expect, it } from 'vitest'
import { joined, Pieces } from './pieces.ts'

it('slices as the joined bytes do, and shares their memory', () => {
  const lists = fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 6 })
  fc.assert(
    fc.property(lists, fc.nat(30), fc.nat(30), (all, start, end) => {
      const whole = Buffer.concat(all)
      const pieces = new Pieces(all)
      expect(pieces.length).toBe(whole.length)
      expect(Buffer.from(pieces.joined())).toEqual(whole)
      expect(Buffer.concat(pieces.slice(start, end))).toEqual(whole.subarray(start, end))
      for (const one of pieces.slice(start)) expect(all.map(({ buffer }) => buffer)).toContain(one.buffer)
    }),
  )
})

it('is the piece itself when there is one', () => {
  const only = Buffer.from('{}')
  expect(new Pieces([only]).joined()).toBe(only)
  expect(joined([])).toHaveLength(0)
})
