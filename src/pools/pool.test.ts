import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { RoutingSettings } from '../core/settings.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { attemptOf, boundsOf, callOf, complete, deploymentOf, estimateOf, settingsOf, strategyOf } from './fixtures.ts'
import type { ChooseOptions, Pool } from './pool.ts'
import { createPools } from './pools.ts'

function setUp(deployments: readonly Deployment[], changes: Partial<RoutingSettings> = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12, 0, 30))
  const deps = { clock, random: seededRandom(1), estimate: estimateOf, inputTokenBounds: boundsOf }
  const pools = createPools(settingsOf(deployments, changes), deps)
  const pool = pools.resolve('pool')
  if (!pool) throw new Error('the pool was not made')
  const rest = (id: string, ms: number, kind: Failure['kind'] = 'overloaded') =>
    pools.ward.find(id)?.rest(clock.monotonic() + ms, new Failure(kind, kind))
  const begin = (id: string) => {
    const deployment = deployments.find(one => one.id === id)
    if (!deployment) throw new Error(`there is no deployment ${id}`)
    return pools.ward.begin(attemptOf(deployment, clock))
  }
  return { clock, pools, pool, rest, begin, ward: pools.ward }
}

/** The id chosen, or the kind of failure. */
function outcome(pool: Pool, options?: ChooseOptions, call = callOf()): string {
  const choice = pool.choose(call, options)
  if (!('chosen' in choice)) return choice.failure.kind
  return choice.lastResort ? `last resort ${choice.chosen.deployment.id}` : choice.chosen.deployment.id
}

const two = [deploymentOf('a'), deploymentOf('b')]

describe('a choice', () => {
  test('has a reason for people', () => {
    const { pool, rest } = setUp([deploymentOf('a', { selection: { weight: 1 } }), deploymentOf('b')])
    const reason = () => {
      const choice = pool.choose(callOf(), { because: 'fast failed' })
      return 'chosen' in choice ? choice.decision : undefined
    }
    expect(reason()).toMatchObject({ pool: 'pool', strategy: 'simple-shuffle', because: 'fast failed', considered: [] })
    expect(reason()?.reason).toBe('shuffled among 2 by weight')
    rest('a', 1000)
    expect(reason()?.reason).toBe('the only one of 2 that can take it')
    const alone = setUp([deploymentOf('a')]).pool.choose(callOf())
    expect('chosen' in alone && alone.decision.reason).toBe('the only deployment')
  })

  test('explains every deployment in file order when asked', () => {
    const { pool, rest } = setUp(
      [
        deploymentOf('a', { info: { cost: 30_000 } }),
        deploymentOf('b', { info: { cost: 12_000 } }),
        deploymentOf('c', { selection: { blocked: true } }),
        deploymentOf('d', { info: { cost: 1 } }),
      ],
      { strategy: strategyOf('cost-based-routing') },
    )
    rest('d', 4_000)
    const choice = pool.choose(callOf(), { explain: true })
    if (!('chosen' in choice)) throw choice.failure
    expect(choice.decision.reason).toBe('cheapest of 2 at $0.000012')
    const lines = choice.decision.considered.map(one => [
      one.deployment.id,
      one.excluded ?? one.note,
      one.estimate?.cost,
    ])
    expect(lines).toEqual([
      ['a', '$0.00003', 30_000n],
      ['b', '$0.000012', 12_000n],
      ['c', 'blocked by the operator', undefined],
      ['d', 'resting 4 s more, after overloaded', 1n],
    ])
  })

  test('tells of the first and the one chosen where a number is asked for', () => {
    const deployments = Array.from({ length: 50 }, (_, at) => deploymentOf(`${at}`, { info: { cost: 100 - at } }))
    const { pool } = setUp(deployments, { strategy: strategyOf('cost-based-routing') })
    const choice = pool.choose(callOf(), { explain: 3 })
    if (!('chosen' in choice)) throw choice.failure
    expect(choice.decision.considered.map(one => one.deployment.id)).toEqual(['0', '1', '2', '49'])
    expect(choice.decision.untold).toBe(46)
  })

  test('leaves out what was tried', () => {
    const { pool } = setUp(two)
    expect(outcome(pool, { exclude: new Set(['a']) })).toBe('b')
    expect(outcome(pool, { exclude: new Set(['a', 'b']) })).toBe('unavailable')
  })
})

describe('the list of the available', () => {
  test('follows rests and recoveries', () => {
    const { clock, pool, rest } = setUp(two)
    rest('a', 5_000)
    expect(outcome(pool)).toBe('b')
    clock.advance(4_999)
    expect(outcome(pool)).toBe('b')
    clock.advance(1)
    rest('b', 1)
    expect(outcome(pool)).toBe('a')
  })

  test('follows a rest that an operator ends', () => {
    const { pool, rest, ward } = setUp(two)
    rest('a', 5_000)
    rest('b', 9_000)
    expect(outcome(pool)).toBe('last resort a')
    ward.find('b')?.wake()
    expect(outcome(pool)).toBe('b')
  })

  test('follows parallel requests', () => {
    const deployments = [deploymentOf('a', { selection: { maxParallelRequests: 2 } }), deploymentOf('b')]
    const { pool, begin, ward } = setUp(deployments, { defaultMaxParallelRequests: 1 })
    const other = begin('b')
    expect(outcome(pool)).toBe('a')
    begin('a')
    expect(outcome(pool)).toBe('a')
    begin('a')
    expect(outcome(pool)).toBe('limited')
    ward.end(other, complete)
    expect(outcome(pool)).toBe('b')
  })

  test('follows the minute where limits are kept', () => {
    const deployments = [deploymentOf('a', { selection: { rpm: 1 } }), deploymentOf('b', { selection: { tpm: 100 } })]
    const { clock, pool, begin, ward } = setUp(deployments, { checks: { enabled: false, enforceRateLimits: true } })
    ward.begin(attemptOf(deployments[1] ?? deploymentOf(''), clock), { inputTokens: 60, outputTokens: 0 })
    begin('a')
    expect(outcome(pool)).toBe('b')
    const long = callOf({ body: { tokens: 41 } })
    const none = pool.choose(long)
    expect(none).toMatchObject({ failure: { kind: 'limited', retryAfterMs: 30_000 } })
    expect('failure' in none && none.failure.message).toMatch(
      /^No deployments available for selected model, Try again in 30 seconds\. Passed model=pool/,
    )
    clock.advance(30_000)
    expect(['a', 'b']).toContain(outcome(pool, {}, long))
  })

  test('does not promise a minute in which a call fits that fits into none', () => {
    const deployments = [deploymentOf('a', { selection: { tpm: 100 } }), deploymentOf('b', { selection: { tpm: 50 } })]
    const { pool, begin } = setUp(deployments, { checks: { enabled: false, enforceRateLimits: true } })
    const large = callOf({ body: { tokens: 101 } })
    const none = pool.choose(large)
    expect(none).toMatchObject({ failure: { kind: 'limited', retryAfterMs: undefined }, isShort: false })
    expect('failure' in none && none.failure.message).toContain('it can never pass')
    begin('a')
    expect(pool.choose(callOf({ body: { tokens: 99 } }))).toMatchObject({ chosen: { deployment: { id: 'a' } } })
  })

  test('lets a call ask for more output than there is in a minute, when nothing else was used of it', () => {
    const deployments = [deploymentOf('a', { selection: { tpm: 100 } })]
    const { clock, pool, ward } = setUp(deployments, { checks: { enabled: false, enforceRateLimits: true } })
    const call = callOf({ body: { tokens: 60, output: 1_000 } })
    const ticket = ward.begin(attemptOf(deployments[0] ?? deploymentOf(''), clock), {
      inputTokens: 60,
      outputTokens: 0,
    })
    expect(pool.choose(call)).toMatchObject({ failure: { retryAfterMs: 30_000 }, isShort: true })
    ward.end(ticket, complete)
    clock.advance(30_000)
    expect(outcome(pool, {}, call)).toBe('a')
  })

  test.each([
    ['rpm', { rpm: 0 }],
    ['tpm', { tpm: 0 }],
    ['calls at once', { maxParallelRequests: 0 }],
  ])('does not promise that a limit of 0 passes: %s', (_, selection) => {
    const { pool } = setUp([deploymentOf('a', { selection })], { checks: { enabled: false, enforceRateLimits: true } })
    const none = pool.choose(callOf())
    expect(none).toMatchObject({ failure: { kind: 'limited', retryAfterMs: undefined }, isShort: false })
    expect('failure' in none && none.failure.message).toContain('A limit of 0')
  })

  test('speaks of what passes when only some are shut by a limit of 0', () => {
    const deployments = [deploymentOf('a', { selection: { rpm: 0 } }), deploymentOf('b', { selection: { rpm: 1 } })]
    const { pool, begin } = setUp(deployments, { checks: { enabled: false, enforceRateLimits: true } })
    begin('b')
    expect(pool.choose(callOf())).toMatchObject({ failure: { retryAfterMs: 30_000 }, isShort: true })
  })

  test('waits for a place also with a call that is larger than a tpm that is a weight alone', () => {
    const { pool, begin } = setUp([deploymentOf('a', { selection: { tpm: 100, maxParallelRequests: 1 } })])
    begin('a')
    const none = pool.choose(callOf({ body: { tokens: 101 } }))
    expect(none).toMatchObject({ failure: { kind: 'limited' }, isShort: true })
    expect('failure' in none && none.failure.message).toContain('max_parallel_requests')
  })

  test('minds no minute under simple-shuffle, unless told to', () => {
    const { pool, begin } = setUp([deploymentOf('a', { selection: { rpm: 1 } })])
    begin('a')
    expect(outcome(pool)).toBe('a')
  })
})

describe('when nobody is left', () => {
  test('all resting: the one that recovers first, as a last resort', () => {
    const { pool, rest } = setUp(two)
    rest('a', 9_000)
    rest('b', 4_200, 'rate_limited')
    const choice = pool.choose(callOf())
    expect(choice).toMatchObject({
      lastResort: true,
      waitMs: 4_200,
      chosen: { deployment: { id: 'b' } },
      decision: { reason: 'all 2 are resting; this one recovers first, in 5 s', strategy: 'last-resort' },
      failure: { kind: 'limited', retryAfterMs: 4_200 },
    })
    expect('failure' in choice && choice.failure?.message).toContain('Try again in 5 seconds. Passed model=pool')
    expect(outcome(pool, { exclude: new Set(['b']) })).toBe('last resort a')
  })

  test('a last resort passes all the other filters', () => {
    const { pool, rest } = setUp([deploymentOf('a', { selection: { blocked: true } }), deploymentOf('b')])
    rest('a', 1)
    rest('b', 9_000)
    expect(outcome(pool)).toBe('last resort b')
    const far = callOf({ options: { allowedRegion: 'eu' } })
    expect(outcome(pool, {}, far)).toBe('invalid_request')
  })

  test('too long for all', () => {
    const limits = { maxInputTokens: 10, supports: {} }
    const { pool } = setUp([deploymentOf('a', { limits })], { checks: { enabled: true, enforceRateLimits: false } })
    const choice = pool.choose(callOf({ body: { tokens: 11 } }))
    expect(choice).toMatchObject({ failure: { kind: 'context_too_long', code: 'context_length_exceeded' } })
  })

  test('tags refuse', () => {
    const tags = { enabled: true, matchAny: true, prefix: '' }
    const { pool } = setUp([deploymentOf('a', { selection: { tags: ['paid'] } })], { tags })
    const choice = pool.choose(callOf({ options: { tags: ['free'] } }))
    if (!('failure' in choice)) throw new Error('somebody was chosen')
    expect(choice.failure?.verdict.status).toBe(403)
    expect(choice.failure?.message).toBe(
      'Not allowed to access model due to tags configuration. Passed model=pool and tags=["free"]',
    )
  })
})

test('orders: the smallest that is available, the next ones when asked for', () => {
  const order = (id: string, value?: number) =>
    deploymentOf(id, { selection: value === undefined ? {} : { order: value } })
  const { pool, rest } = setUp([order('late'), order('second', 2), order('first', 1)])
  expect(outcome(pool)).toBe('first')
  expect(outcome(pool, { exclude: new Set(['first']) })).toBe('unavailable')
  expect(outcome(pool, { afterOrder: 1 })).toBe('second')
  expect(outcome(pool, { afterOrder: 2 })).toBe('late')
  expect([1, 2, Number.POSITIVE_INFINITY].map(value => pool.hasOrderAfter(value))).toEqual([true, true, false])
  rest('first', 1_000)
  expect(outcome(pool)).toBe('second')
})

test('whatever happened: a choice is fit and was not excluded, and explanations agree with it', () => {
  const trait = fc.record({
    blocked: fc.boolean(),
    rest: fc.nat(2),
    hold: fc.nat(1),
    busy: fc.nat(2),
    order: fc.option(fc.nat(1), { nil: undefined }),
    tags: fc.subarray(['x', 'default']),
    tried: fc.boolean(),
  })
  const tags = fc.subarray(['x', '!x', '&default'])
  fc.assert(
    fc.property(fc.array(trait, { minLength: 1, maxLength: 6 }), tags, (traits, wanted) => {
      const deployments = traits.map(({ blocked, order, tags }, index) =>
        deploymentOf(String(index), { selection: { blocked, tags, ...(order !== undefined && { order }) } }),
      )
      const { pool, rest, begin, ward } = setUp(deployments, {
        defaultMaxParallelRequests: 2,
        tags: { enabled: true, matchAny: true, prefix: '' },
      })
      traits.forEach((one, index) => {
        rest(String(index), one.rest)
        ward.find(String(index))?.holdOut(one.hold)
        for (let i = 0; i < one.busy; i++) begin(String(index))
      })
      const exclude = new Set(traits.flatMap((one, index) => (one.tried ? [String(index)] : [])))
      const call = callOf({ options: { tags: wanted } })
      const eligible = pool.eligible(call, { exclude }).map(one => one.deployment.id)
      const choice = pool.choose(call, { exclude, explain: true })
      if (!('chosen' in choice)) {
        expect(eligible).toEqual([])
        return
      }
      const { id } = choice.chosen.deployment
      const trait = traits[Number(id)]
      expect(exclude.has(id)).toBe(false)
      expect(trait).toMatchObject({ blocked: false })
      expect(trait?.busy).toBeLessThan(2)
      const fit = choice.decision.considered.filter(one => !one.excluded).map(one => one.deployment.id)
      expect(fit).toEqual(eligible)
      expect(choice.lastResort).toBe(eligible.length === 0)
    }),
  )
})
