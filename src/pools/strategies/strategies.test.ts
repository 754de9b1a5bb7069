import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Random } from '../../core/clock.ts'
import type { StrategyName } from '../../core/settings.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { callOf, candidateOf, deploymentOf, some, strategyOf, type VitalsParts } from '../fixtures.ts'
import type { Candidate, NamedStrategy } from '../strategy.ts'
import { cheapestUnder, createStrategy } from './index.ts'

const names: readonly StrategyName[] = [
  'simple-shuffle',
  'least-busy',
  'latency-based-routing',
  'cost-based-routing',
  'usage-based-routing',
  'usage-based-routing-v2',
]

const make = (
  name: StrategyName,
  { random = seededRandom(1), buffer = 0 }: { random?: Random; buffer?: number } = {},
) => createStrategy(strategyOf(name, buffer), { clock: new FakeClock(), random })

/** How often each is picked in 10,000 calls. */
function frequencies(strategy: NamedStrategy, candidates: readonly Candidate[], streamed = false) {
  const counts = new Map(candidates.map(one => [one.deployment.id, 0]))
  const list = some(candidates)
  const call = callOf({ streamed })
  for (let i = 0; i < 10_000; i++) {
    const { id } = strategy.pick(list, call).deployment
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return candidates.map(one => (counts.get(one.deployment.id) ?? 0) / 10_000)
}

const shuffled = (...selections: Parameters<typeof deploymentOf>[1][]) =>
  selections.map((parts, index) => candidateOf(deploymentOf(String(index), parts)))

const known = (...vitals: VitalsParts[]) => vitals.map((one, index) => candidateOf(deploymentOf(String(index)), one))

const priced = (...costs: (number | undefined)[]) =>
  costs.map((cost, index) => candidateOf(deploymentOf(String(index), cost === undefined ? {} : { info: { cost } })))

describe('simple-shuffle', () => {
  test.each([
    ['nothing said: all alike', [{}, {}, {}, {}], [0.25, 0.25, 0.25, 0.25]],
    ['weight', [{ weight: 3 }, { weight: 1 }], [0.75, 0.25]],
    ['weight before rpm, whichever comes first in the file', [{ rpm: 900 }, { weight: 1 }], [0, 1]],
    ['rpm before tpm', [{ tpm: 9 }, { rpm: 30, tpm: 1 }, { rpm: 10 }], [0, 0.75, 0.25]],
    ['tpm', [{ tpm: 1000 }, { tpm: 4000 }], [0.2, 0.8]],
    ['weights that are all 0 are no weights', [{ weight: 0 }, { weight: 0 }], [0.5, 0.5]],
    ['weight 0 beside others gets nothing', [{ weight: 0 }, { weight: 2 }], [0, 1]],
  ])('%s', (_name, selections, expected) => {
    const found = frequencies(make('simple-shuffle'), shuffled(...selections.map(selection => ({ selection }))))
    found.forEach((share, index) => {
      const wanted = expected[index] ?? 0
      if (wanted === 0 || wanted === 1) expect(share).toBe(wanted)
      else expect(Math.abs(share - wanted)).toBeLessThan(0.02)
    })
  })

  test('shares follow any weights', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(weights, fc.integer(), (list, seed) => {
        fc.pre(list.some(weight => weight > 0))
        const total = list.reduce((sum, weight) => sum + weight, 0)
        const strategy = make('simple-shuffle', { random: seededRandom(seed) })
        const found = frequencies(strategy, shuffled(...list.map(weight => ({ selection: { weight } }))))
        found.forEach((share, i) => {
          expect(Math.abs(share - (list[i] ?? 0) / total)).toBeLessThan(0.03)
        })
      }),
      { numRuns: 30 },
    )
  })

  test('says what it shuffled by', () => {
    const strategy = make('simple-shuffle')
    const list = some(shuffled({ selection: { weight: 3 } }, { selection: { weight: 1 } }))
    expect(strategy.reason(list[0], list, callOf())).toBe('shuffled among 2 by weight')
    strategy.explain(list, callOf())
    expect(list.map(one => one.note)).toEqual(['weight 3, 75.0 % of the calls', 'weight 1, 25.0 % of the calls'])
  })
})

describe('least-busy', () => {
  test('takes the one with the fewest in flight, at random among equals', () => {
    const list = known({ inFlight: 2 }, { inFlight: 1 }, { inFlight: 1 })
    const [busy, ...idle] = frequencies(make('least-busy'), list)
    expect(busy).toBe(0)
    for (const share of idle) expect(Math.abs(share - 0.5)).toBeLessThan(0.02)
  })

  test('says how busy', () => {
    const list = some(known({ inFlight: 2 }))
    expect(make('least-busy').reason(list[0], list, callOf())).toBe('least busy of 1 with 2 in flight')
  })
})

describe('latency-based', () => {
  test.each([
    ['the fastest', 0, [412, 500], [1, 0]],
    ['all within the buffer alike', 0.5, [400, 600, 601], [0.5, 0.5, 0]],
    ['equals alike', 0, [400, 400], [0.5, 0.5]],
  ])('%s', (_name, buffer, p50s, expected) => {
    const found = frequencies(make('latency-based-routing', { buffer }), known(...p50s.map(p50 => ({ p50 }))))
    found.forEach((share, index) => {
      expect(Math.abs(share - (expected[index] ?? 0))).toBeLessThan(0.02)
    })
  })

  test('goes by the first token for streams', () => {
    const list = known({ p50: 100, firstTokenP50: 90 }, { p50: 900, firstTokenP50: 20 })
    expect(frequencies(make('latency-based-routing'), list, true)).toEqual([0, 1])
    expect(frequencies(make('latency-based-routing'), list, false)).toEqual([1, 0])
  })

  test('tries the unmeasured soon, with at most a fifth of the calls, however many they are', () => {
    const list = known({ p50: 100 }, {}, {}, {})
    const strategy = make('latency-based-routing')
    expect(strategy.pick(some(list), callOf()).deployment.id).not.toBe('0')
    const [measured = 0] = frequencies(strategy, list)
    expect(measured).toBeCloseTo(0.8, 2)
  })

  test('does not pile up at an unmeasured one that has not answered yet', () => {
    expect(frequencies(make('latency-based-routing'), known({ p50: 100 }, { inFlight: 1 }))).toEqual([1, 0])
  })

  test('while none is measured, spreads by load', () => {
    expect(frequencies(make('latency-based-routing'), known({ inFlight: 3 }, { inFlight: 1 }))).toEqual([0, 1])
  })

  test('says how fast', () => {
    const list = some(known({ p50: 412.3 }, {}))
    const strategy = make('latency-based-routing')
    expect(strategy.reason(list[0], list, callOf())).toBe('fastest of 2 at 412 ms p50')
    strategy.explain(list, callOf())
    expect(list.map(one => one.note)).toEqual(['412 ms p50', 'not measured yet'])
  })
})

describe('cost-based', () => {
  test.each([
    ['the cheapest', [12_000, 11_999], [0, 1]],
    ['0 is free', [0, 1], [1, 0]],
    ['without a price last', [undefined, 9_000_000], [0, 1]],
    ['equals alike', [5, 5, 6], [0.5, 0.5, 0]],
    ['none has a price: alike', [undefined, undefined], [0.5, 0.5]],
  ])('%s', (_name, costs, expected) => {
    const found = frequencies(make('cost-based-routing'), priced(...costs))
    found.forEach((share, index) => {
      expect(Math.abs(share - (expected[index] ?? 0))).toBeLessThan(0.02)
    })
  })

  test('says what it costs', () => {
    const list = some(priced(12_000, undefined, 30_000))
    const strategy = make('cost-based-routing')
    expect(strategy.reason(list[0], list, callOf())).toBe('cheapest of 3 at $0.000012')
    strategy.explain(list, callOf())
    expect(list.map(one => one.note)).toEqual(['$0.000012', 'no price', '$0.00003'])
  })
})

describe('usage-based', () => {
  test.each(['usage-based-routing', 'usage-based-routing-v2'] as const)('%s takes the least used', name => {
    const list = known({ tokens: 30 }, { tokens: 20 })
    expect(frequencies(make(name), list)).toEqual([0, 1])
    expect(make(name).reason(some(list)[0], some(list), callOf())).toBe('least used of 2 with 30 tokens this minute')
  })
})

describe('the cheapest under a latency', () => {
  const make = (limit: number | undefined) => cheapestUnder(limit, { clock: new FakeClock(), random: seededRandom(1) })
  const list = [
    candidateOf(deploymentOf('cheap', { info: { cost: 1 } }), { p50: 900 }),
    candidateOf(deploymentOf('middle', { info: { cost: 2 } }), { p50: 800 }),
    candidateOf(deploymentOf('new', { info: { cost: 3 } })),
  ]

  test.each([
    [undefined, 'cheap'],
    [900, 'cheap'],
    [800, 'middle'],
    [100, 'new'],
  ])('under %s ms: %s', (limit, id) => {
    expect(make(limit).pick(some(list), callOf()).deployment.id).toBe(id)
  })

  test('all too slow: the cheapest', () => {
    const slow = some(list.slice(0, 2))
    const chosen = make(100).pick(slow, callOf())
    expect(chosen.deployment.id).toBe('cheap')
    expect(make(100).reason(chosen, slow, callOf())).toBe('cheapest of 2 at $0.000000001, as none is under 100 ms p50')
  })
})

test.each(names)('%s gives back one of those it was asked about, whatever the dice', name => {
  const vitals = fc.record({ inFlight: fc.nat(3), tokens: fc.nat(9), p50: fc.nat(9) }, { requiredKeys: ['inFlight'] })
  const dice = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  fc.assert(
    fc.property(fc.array(vitals, { minLength: 1, maxLength: 6 }), dice, fc.boolean(), (list, die, streamed) => {
      const candidates = some(known(...list))
      expect(candidates).toContain(make(name, { random: () => die }).pick(candidates, callOf({ streamed })))
    }),
  )
})
