import { describe, expect, test } from 'vitest'
import type { Deployment } from '../core/deployment.ts'
import type { RoutingSettings, TierSettings } from '../core/settings.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { attemptOf, boundsOf, callOf, complete, deploymentOf, estimateOf, settingsOf, strategyOf } from './fixtures.ts'
import type { EstimateCall } from './pool.ts'
import type { PoolsDeps } from './pools.ts'
import { createPools } from './pools.ts'
import { chooseTier } from './tier.ts'

function setUp(
  deployments: readonly Deployment[],
  changes: Partial<RoutingSettings> = {},
  deps: Partial<PoolsDeps> = {},
) {
  const clock = new FakeClock()
  const pools = createPools(settingsOf(deployments, changes), {
    clock,
    random: seededRandom(1),
    estimate: estimateOf,
    inputTokenBounds: boundsOf,
    ...deps,
  })
  const ids = (name: string, specificDeployment = false) =>
    pools.resolve(name, { specificDeployment })?.candidates.map(one => one.deployment.id)
  return { clock, pools, ids }
}

describe('a name', () => {
  const { ids } = setUp(
    [
      deploymentOf('one', { pool: 'fast', model: 'gpt-4o-mini' }),
      deploymentOf('two', { pool: 'fast', model: 'mistral-small', provider: 'mistral' }),
      deploymentOf('three', { pool: 'capable', model: 'gpt-4o' }),
      deploymentOf('fast', { pool: 'trap', model: 'gpt-4o' }),
      deploymentOf('wild', { pool: 'openai/*', model: '*' }),
      deploymentOf('wilder', { pool: 'openai/gpt-*', model: 'gpt-*' }),
    ],
    { aliases: { quick: { pool: 'fast', hidden: true }, wild: { pool: 'openai/o1', hidden: false } } },
  )

  test.each([
    ['a pool', 'fast', ['one', 'two']],
    ['a pool before a deployment of that id', 'fast', ['one', 'two']],
    ['a deployment', 'three', ['three']],
    ['an alias', 'quick', ['one', 'two']],
    ['a wildcard', 'openai/o3', ['wild:o3']],
    ['the longest wildcard', 'openai/gpt-5', ['wilder:gpt-5']],
    ['an upstream model', 'mistral-small', ['two']],
    ['an upstream model with its provider', 'mistral/mistral-small', ['two']],
    ['an upstream model of several pools', 'gpt-4o', ['three', 'fast']],
    ['a property that every object has', 'constructor', undefined],
    ['nothing', 'gpt-6', undefined],
    ['a wildcard is anchored in front', 'x-openai/o3', undefined],
    ['a pattern is no name', 'openai/*', undefined],
    ['nor is one with spaces', 'openai/a b', undefined],
    ['nor an endless one', `openai/${'a'.repeat(300)}`, undefined],
  ])('%s', (_case, name, expected) => {
    expect(ids(name)).toEqual(expected)
  })

  test('specific deployment: the upstream model only', () => {
    expect(ids('gpt-4o', true)).toEqual(['three', 'fast'])
    expect(ids('fast', true)).toBeUndefined()
  })
})

test('a bare name that a provider is known by is what its wildcard takes', () => {
  const deployments = [
    deploymentOf('wild', { pool: 'openai/*', model: '*' }),
    deploymentOf('all', { pool: '*', model: '*' }),
    deploymentOf('plain', { pool: 'gpt-5', model: 'x' }),
  ]
  const split = (name: string) => (/^gpt-/.test(name) ? { provider: 'openai', model: name } : undefined)
  const { ids, pools } = setUp(deployments, { aliases: { nick: { pool: 'gpt-4o', hidden: false } } }, { split })
  const names = ['gpt-4o', 'openai/gpt-4o', 'nick', 'gpt-5', 'llama']
  expect(names.map(name => ids(name))).toEqual([
    ['wild:gpt-4o'],
    ['wild:gpt-4o'],
    ['wild:gpt-4o'],
    ['plain'],
    ['all:llama'],
  ])
  expect(names.map(name => pools.targetOf(name))).toEqual([
    'openai/gpt-4o',
    'openai/gpt-4o',
    'openai/gpt-4o',
    'gpt-5',
    'llama',
  ])
  expect(pools.resolve('gpt-4o')).toBe(pools.resolve('openai/gpt-4o'))
})

test('a wildcard is anchored behind too', () => {
  const { ids } = setUp([deploymentOf('a', { pool: '*-mini', model: '*-mini' })])
  expect(ids('gpt-mini')).toEqual(['a:gpt-mini'])
  expect(ids('gpt-mini-2')).toBeUndefined()
})

test.each([
  ['openai/*', '*', 'openai/gpt-4o', 'gpt-4o'],
  ['*', '*', 'openai/gpt-4o', 'gpt-4o'],
  ['my-*', 'ft:*:org', 'my-bot', 'ft:bot:org'],
  ['*/x/*', '*-*', 'a/x/b', 'a-b'],
  ['*/x/*', '*', 'a/x/b', 'a/x/b'],
  ['any-*', 'fixed', 'any-thing', 'fixed'],
])('pattern %s with model %s makes of %s the model %s', (pool, model, name, expected) => {
  const { pools } = setUp([deploymentOf('w', { pool, model })])
  expect(pools.resolve(name)?.candidates[0]?.deployment).toMatchObject({ pool: name, model: expected })
})

test('"*" comes after everything else', () => {
  const { ids } = setUp([deploymentOf('any', { pool: '*', model: '*' }), deploymentOf('a', { pool: 'p', model: 'm' })])
  expect([ids('m'), ids('n')]).toEqual([['a'], ['any:n']])
})

test('a deployment of a wildcard is completed, keeps its vitals and cools down', () => {
  const complete = (deployment: Deployment): Deployment => ({
    ...deployment,
    limits: { maxInputTokens: 7, supports: {} },
  })
  const { clock, pools } = setUp([deploymentOf('w', { pool: '*', model: '*' })], {}, { complete })
  const [candidate] = pools.resolve('gpt-5')?.candidates ?? []
  expect(candidate?.deployment.limits.maxInputTokens).toBe(7)
  expect(pools.resolve('gpt-5')).toBe(pools.resolve('gpt-5'))
  candidate?.vitals.rest(clock.monotonic() + 1_000, expect.anything())
  expect(pools.resolve('gpt-5')?.choose(callOf())).toMatchObject({ lastResort: true })
  expect(pools.resolve('gpt-6')?.choose(callOf())).toMatchObject({ lastResort: false })
})

test('of a wildcard only so many names are kept, and none in use is dropped', () => {
  const { clock, pools } = setUp([deploymentOf('w', { pool: '*', model: '*' })], {}, { maxConcretePools: 2 })
  const [busy] = pools.resolve('busy')?.candidates ?? []
  if (!busy) throw new Error('the wildcard did not match')
  const ticket = pools.ward.begin(attemptOf(busy.deployment, clock))
  for (const name of ['b', 'c', 'd', 'e']) pools.resolve(name)
  expect([...pools.ward.all()].map(one => one.deployment.model)).toEqual(['busy', 'e'])
  expect(pools.ward.find('w:busy')?.inFlight).toBe(1)
  pools.ward.end(ticket, complete)
  pools.resolve('f')
  expect(pools.ward.find('w:busy')).toBeUndefined()
})

test('a pool of one deployment shares its vitals with its pool, and passes the cooldown', () => {
  const { clock, pools } = setUp([deploymentOf('a'), deploymentOf('b')])
  pools.ward.find('a')?.rest(clock.monotonic() + 1_000, expect.anything())
  expect(pools.resolve('a')?.name).toBe('pool')
  expect(pools.resolve('a')?.choose(callOf())).toMatchObject({ lastResort: true })
  expect(pools.resolve('pool')?.choose(callOf())).toMatchObject({ chosen: { deployment: { id: 'b' } } })
})

test('a pool may have its own strategy', () => {
  const { pools } = setUp([deploymentOf('a'), deploymentOf('b', { pool: 'other' })], {
    poolStrategies: { pool: strategyOf('least-busy') },
  })
  const strategies = ['pool', 'other'].map(name => pools.resolve(name)?.choose(callOf()))
  expect(strategies).toMatchObject([
    { decision: { strategy: 'least-busy' } },
    { decision: { strategy: 'simple-shuffle' } },
  ])
})

test('the list has pools, tiers and open aliases; patterns and hidden ones on request', () => {
  const { pools } = setUp([deploymentOf('a'), deploymentOf('w', { pool: 'openai/*' })], {
    aliases: { open: { pool: 'pool', hidden: false }, secret: { pool: 'pool', hidden: true } },
  })
  expect(pools.list()).toEqual([
    { id: 'pool', hidden: false },
    { id: 'open', hidden: false },
  ])
  expect(pools.list({ hidden: true, patterns: true }).map(one => one.id)).toEqual([
    'pool',
    'openai/*',
    'open',
    'secret',
  ])
})

test.each([
  ['gpt4o', ['gpt-4o']],
  ['openai/GPT-4o', ['gpt-4o', 'gpt-4o-mini']],
  ['claude', ['claude-haiku']],
  ['xyz', []],
])('nearest to %s: %s', (name, expected) => {
  const { pools } = setUp(['gpt-4o', 'gpt-4o-mini', 'claude-haiku'].map(pool => deploymentOf(pool, { pool })))
  expect(pools.nearest(name)).toEqual(expect.arrayContaining(expected))
  expect(pools.nearest(name)[0]).toBe(expected[0])
  expect(pools.nearest(expected[0] ?? '')).not.toContain(expected[0])
})

describe('tiers', () => {
  const tier: TierSettings = {
    cheap: 'fast-model',
    capable: 'capable-model',
    costThreshold: 1_000_000n,
    latencyThresholdMs: 800,
    assumedOutputTokens: 256,
  }

  test.each([
    ['at most the threshold', 1_000_000n, [], [], 'fast-model'],
    ['above it', 1_000_001n, [700], [700], 'capable-model'],
    ['nobody has a price', undefined, [700], [700], 'fast-model'],
    ['one is fast enough', 1n, [900, 800], [10], 'fast-model'],
    ['all are too slow', 1n, [900, 801], [10], 'capable-model'],
    ['unmeasured counts as fast', 1n, [900, undefined], [10], 'fast-model'],
    ['nobody there', 1n, [], [undefined], 'capable-model'],
    ['both too slow', 1n, [900], [900], 'fast-model'],
    ['the capable one is too slow', 2_000_000n, [700], [900], 'fast-model'],
  ] as const)('%s', (_name, estimate, cheap, capable, first) => {
    const choice = chooseTier(tier, { estimate, cheap, capable })
    expect(choice.first).toBe(first)
    expect(new Set([choice.first, ...choice.rest])).toEqual(new Set(['fast-model', 'capable-model']))
  })

  test('any speed will do without a latency threshold', () => {
    const { latencyThresholdMs: _, ...patient } = tier
    expect(chooseTier(patient, { estimate: 1n, cheap: [1e9], capable: [1] }).first).toBe('fast-model')
  })

  test('says why', () => {
    const view = { cheap: [900], capable: [100] }
    expect(chooseTier(tier, { ...view, estimate: 12_000n }).reason).toBe(
      'estimated at $0.000012, within $0.001: fast-model, but none of fast-model is within 800 ms p50: capable-model',
    )
    expect(chooseTier(tier, { ...view, estimate: 2_000_000n }).reason).toBe(
      'estimated at $0.002, above $0.001: capable-model',
    )
  })

  test('live: the estimate assumes the tier’s output, and the pools go by price and p50', () => {
    const deployments = [
      deploymentOf('cheap', { pool: 'fast-model', info: { cost: 10 } }),
      deploymentOf('dear', { pool: 'fast-model', info: { cost: 20 } }),
      deploymentOf('big', { pool: 'capable-model', info: { cost: 90 } }),
    ]
    const assumed: (number | undefined)[] = []
    const estimate: EstimateCall = (deployment, call, tokens) => {
      assumed.push(tokens)
      return estimateOf(deployment, call)
    }
    const { clock, pools } = setUp(
      deployments,
      { tiers: { smart: tier }, aliases: { best: { pool: 'smart', hidden: false } } },
      { estimate },
    )
    expect(pools.order('best', callOf())?.first).toBe('fast-model')
    expect(assumed).toContain(256)
    expect(pools.order('fast-model', callOf())).toBeUndefined()
    const chosen = () => pools.resolve('fast-model', { requested: 'smart' })?.choose(callOf())
    expect(chosen()).toMatchObject({ chosen: { deployment: { id: 'cheap' } }, decision: { strategy: 'tier' } })
    pools.ward.find('cheap')?.sample(900, false, clock.monotonic())
    expect(chosen()).toMatchObject({ chosen: { deployment: { id: 'dear' } } })
    pools.ward.find('dear')?.sample(900, false, clock.monotonic())
    expect(pools.order('smart', callOf())).toMatchObject({ first: 'capable-model', rest: ['fast-model'] })
    expect(pools.list().map(one => one.id)).toContain('smart')
  })
})
