import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../testing/fake-clock.ts'
import { Changes } from '../changes.ts'
import { candidateOf, deploymentOf, some } from '../fixtures.ts'
import type { Candidate } from '../strategy.ts'
import { figures } from './figures.ts'

/** Candidates of one pool whose figures the test sets: an attempt in flight more or less. */
function pool(size: number) {
  const changes = new Changes()
  const list = Array.from({ length: size }, (_, number) => {
    const { vitals, ...one } = candidateOf(deploymentOf(`${number}`))
    return { ...one, vitals: { ...vitals, changes, inFlight: 0 } }
  })
  const set = (place: number, inFlight: number, told = true) => {
    const { vitals } = list[place % size] ?? list[0] ?? expect.unreachable()
    vitals.inFlight = inFlight
    if (told) changes.add(vitals)
  }
  return { list, candidates: some<Candidate>(list), changes, set }
}

const inFlight = ({ vitals }: Candidate) => vitals.inFlight

describe('many candidates, in the order of a figure', () => {
  const step = fc.record({ place: fc.nat(99), figure: fc.oneof(fc.nat(5), fc.constant(Number.POSITIVE_INFINITY)) })

  test('stand as they would if they were looked through', () => {
    const rounds = fc.array(fc.array(step, { maxLength: 40 }), { maxLength: 12 })
    fc.assert(
      fc.property(rounds, fc.integer({ min: 32, max: 100 }), (all, size) => {
        const clock = new FakeClock()
        const { list, candidates, set } = pool(size)
        const kept = figures(inFlight, clock)
        kept(candidates)
        for (const steps of all) {
          for (const { place, figure } of steps) set(place, figure)
          const standing = kept(candidates)
          expect(standing.least).toBe(Math.min(...list.map(({ vitals }) => vitals.inFlight)))
          for (const limit of [0, 1, 3, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
            const fitting = list.filter(({ vitals }) => vitals.inFlight <= limit)
            expect(standing.upTo(limit)).toBe(fitting.length)
            const each = fitting.map((_, at) => standing.any(limit, () => (at + 0.5) / fitting.length))
            expect(new Set(each)).toEqual(new Set(fitting))
          }
        }
      }),
    )
  })

  test('are reckoned anew after more changes than are kept, and a quarter of a second after one that nobody told', () => {
    const clock = new FakeClock()
    const { candidates, set } = pool(50)
    const kept = figures(inFlight, clock)
    kept(candidates)
    kept(candidates)
    for (let count = 0; count < 5_000; count++) set(count, (count % 7) + 1)
    expect(kept(candidates).upTo(0)).toBe(0)
    set(3, 0, false)
    expect(kept(candidates).upTo(0)).toBe(0)
    clock.advance(250)
    expect(kept(candidates).any(0, () => 0)).toBe(candidates[3])
  })

  test('a list that came once is looked through, and does not disturb the one that comes again', () => {
    const clock = new FakeClock()
    const { candidates, set } = pool(50)
    const kept = figures(inFlight, clock)
    const ranked = [kept(candidates), kept(candidates), kept(candidates)]
    const without = some(candidates.filter((_, place) => place !== 0))
    set(0, 9)
    expect(kept(without).upTo(0)).toBe(49)
    expect(kept(candidates)).toBe(ranked[1])
    expect(ranked[2]).toBe(ranked[1])
    expect(kept(candidates).upTo(0)).toBe(49)
  })
})
