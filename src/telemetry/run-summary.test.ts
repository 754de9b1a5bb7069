import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callLine } from './call-line.ts'
import { formatSummary, summariseRun } from './run-summary.ts'
import * as scripted from './scripted-call.ts'

const line = (changes: object) =>
  JSON.stringify({
    run_id: 'a',
    model: 'gpt-4o-mini',
    pool: 'fast',
    status: 'ok',
    latency_s: 0.5,
    cost_usd: 0.000012,
    cost_nano_usd: 12_000,
    prompt_tokens: 20,
    completion_tokens: 15,
    fallback_triggered: false,
    unpriced: false,
    ...changes,
  })

const LINES = [
  line({}),
  line({ latency_s: 1.5, cost_nano_usd: 12_001 }),
  line({ model: 'claude', fallback_triggered: true, cost_nano_usd: '9007199254740993', prompt_tokens: null }),
  line({ model: null, status: 'error', cost_usd: 0, cost_nano_usd: 0, pool: 'capable', run_id: 'b', unpriced: true }),
]

test('sums are exact, by model and by pool, the dearest first', async () => {
  const { total, byModel, byPool, unreadable } = await summariseRun(LINES)
  expect(total).toEqual({
    calls: 4,
    errors: 1,
    fallbacks: 1,
    promptTokens: 60,
    completionTokens: 60,
    cost: 9_007_199_254_764_994n,
    unpriced: 1,
    latencyUs: 3_000_000,
    maxLatencyUs: 1_500_000,
  })
  expect([...byModel.keys()]).toEqual(['claude', 'gpt-4o-mini', '(none)'])
  expect(byModel.get('gpt-4o-mini')).toMatchObject({ calls: 2, cost: 24_001n, latencyUs: 2_000_000 })
  expect([...byPool.keys()]).toEqual(['fast', 'capable'])
  expect(unreadable).toBe(0)
})

test('one run among several', async () => {
  expect((await summariseRun(LINES, { runId: 'b' })).total.calls).toBe(1)
})

test('a call without any price counts as unpriced, not as damaged', async () => {
  const { total, unreadable } = await summariseRun([line({ cost_usd: null, cost_nano_usd: null, unpriced: true })])
  expect(total).toMatchObject({ calls: 1, cost: 0n, unpriced: 1 })
  expect(unreadable).toBe(0)
})

test('damaged lines are counted, empty ones are not, and lines without the integer are read from the decimal', async () => {
  async function* lines() {
    yield* ['{"torn":', '', '[]', '{"cost_usd":"free"}', JSON.stringify({ model: 'm', cost_usd: 1e-7 })]
  }
  const { total, unreadable } = await summariseRun(lines())
  expect(unreadable).toBe(3)
  expect(total).toMatchObject({ calls: 1, cost: 100n, promptTokens: 0 })
})

test('whatever calls cost, the sum of their lines is the sum of their costs', async () => {
  const costs = fc.array(fc.bigInt({ min: 0n, max: 10n ** 20n }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(costs, async each => {
      const clock = scripted.manualClock()
      const lines = each.map(cost => {
        const call = scripted.call(clock, () => {})
        call.record.cost = cost
        return JSON.stringify(callLine(call, { outcome: 'complete' }, { traceId: 't', runId: 'r', endedAt: 5_000 }))
      })
      expect((await summariseRun(lines)).total.cost).toBe(each.reduce((sum, cost) => sum + cost, 0n))
    }),
    { numRuns: 50 },
  )
})

test('the table has a row for each model and one for all', async () => {
  expect(formatSummary(await summariseRun([LINES[0] ?? '', LINES[1] ?? '', LINES[3] ?? '', 'torn']))).toBe(
    [
      'model        calls  errors  tokens in  tokens out       cost  cost per call  mean latency  max latency',
      '──────────────────────────────────────────────────────────────────────────────────────────────────────',
      'gpt-4o-mini      2       0         40          30  $0.000024      $0.000012       1.000 s      1.500 s',
      '(none)           1       1         20          15  $0.000000      $0.000000       0.500 s      0.500 s',
      '──────────────────────────────────────────────────────────────────────────────────────────────────────',
      'total            3       1         60          45  $0.000024      $0.000008       0.833 s      1.500 s',
      '1 of 3 calls have no full price: the cost is a lower bound',
      '1 lines could not be read and are not in these figures',
    ].join('\n'),
  )
})

test('the table of no calls stands', async () => {
  expect(formatSummary(await summariseRun([]), 'pool')).toMatch(/^pool .*\n─+\n─+\ntotal +0 /)
})
