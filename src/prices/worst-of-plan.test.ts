import { describe, expect, it } from 'vitest'
import { callTo, chat } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import type { Deployment } from '../core/deployment.ts'
import { inputTokenBounds } from './bounds.ts'
import { type WorstOfPlanOptions, worstOfPlan } from './worst-of-plan.ts'

/** Only output costs: so many nano-dollars per token. */
const at = (id: string, rate: bigint | undefined, draft: Partial<Deployment> = {}) =>
  deployment({
    id,
    pool: 'p',
    baseUrl: 'http://127.0.0.1',
    price:
      rate === undefined ? undefined : { rates: { input: 0n, output: rate * 1_000_000n }, tiers: [], source: 'test' },
    ...draft,
  })

function scene(reached: readonly Deployment[], options: Partial<WorstOfPlanOptions> = {}) {
  let looked = 0
  const worst = worstOfPlan({
    reach: () => {
      looked++
      return new Set(reached)
    },
    boundsOf: inputTokenBounds,
    charges: undefined,
    unpriced: 'refuse',
    ...options,
  })
  return { worst, looked: () => looked }
}

const call = (pool = 'p') => callTo(pool, { request: chat({ max_tokens: 10 }) })

describe('the worst price of a plan', () => {
  it('is that of the dearest deployment, for the request that is asked about', () => {
    const { worst } = scene([at('a', 3n), at('b', 5n), at('c', undefined)])
    expect(worst.ofCall(call())).toBe(50n)
    expect(worst.ofCall(call(), chat({ max_tokens: 2 }))).toBe(10n)
    expect(worst.ofAttempt(call(), at('a', 3n), true)).toBe(30n)
  })

  it('bears what is added for the operator, the fixed amount included', () => {
    const none = { share: 0n, fixed: 0n }
    const charges = { discounts: {}, margins: { openai: { share: 500_000_000n, fixed: 7n } }, otherMargin: none }
    expect(scene([at('a', 2n)], { charges }).worst.ofCall(call())).toBe(37n)
  })

  it('of what nobody knows is refused, nothing, or an amount', () => {
    const unknown = at('a', undefined)
    expect(() => scene([unknown]).worst.ofCall(call())).toThrow(expect.objectContaining({ kind: 'unpriced' }))
    expect(() => scene([]).worst.ofAttempt(call(), unknown, true)).toThrow(
      expect.objectContaining({ kind: 'unpriced' }),
    )
    expect(scene([]).worst.ofAttempt(call(), unknown, false)).toBe(0n)
    expect(scene([unknown], { unpriced: 'allow' }).worst.ofCall(call())).toBe(0n)
    expect(scene([unknown, at('b', 1n)], { unpriced: 99n }).worst.ofCall(call())).toBe(99n)
  })

  it('looks once where calls of the same names go', () => {
    const { worst, looked } = scene([at('a', 3n)])
    for (const pool of ['p', 'p', 'q', 'p']) worst.ofCall(call(pool))
    expect(looked()).toBe(2)
    worst.ofCall({ ...call(), options: { fallbacks: [{ pool: 'x' }] } })
    expect(looked()).toBe(3)
  })
})
