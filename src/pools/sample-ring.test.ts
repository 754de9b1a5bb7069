import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SampleRing } from './sample-ring.ts'

test('the median is the lower of two in the middle, of the latest samples only', () => {
  const ring = new SampleRing(3)
  expect(ring.p50(0)).toBeUndefined()
  ring.add(400, 1000)
  ring.add(200, 1000)
  expect(ring.p50(0)).toBe(200)
  ring.add(300, 1000)
  expect(ring.p50(0)).toBe(300)
  ring.add(900, 1000)
  expect(ring.p50(0)).toBe(300)
  ring.add(950, 1000)
  expect(ring.p50(0)).toBe(900)
})

test('a sample counts until it expires, also behind a younger one that expires sooner', () => {
  const ring = new SampleRing(10)
  ring.add(100, 1000)
  ring.add(9999, 500)
  ring.add(9999, 500)
  expect(ring.p50(499)).toBe(9999)
  expect(ring.p50(500)).toBe(100)
  expect(ring.p50(1000)).toBeUndefined()
})

test('the median is what sorting all that counts would give', () => {
  const samples = fc.array(fc.record({ value: fc.nat(1000), ttl: fc.integer({ min: 1, max: 50 }) }), { maxLength: 40 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), samples, (capacity, list) => {
      const ring = new SampleRing(capacity)
      list.forEach(({ value, ttl }, now) => {
        ring.add(value, now + ttl)
        const last = list.slice(Math.max(0, now + 1 - capacity), now + 1)
        const live = last.filter((one, i) => now + 1 - last.length + i + one.ttl > now).map(one => one.value)
        live.sort((a, b) => a - b)
        expect(ring.p50(now)).toBe(live[Math.ceil(live.length / 2) - 1])
      })
    }),
  )
})
