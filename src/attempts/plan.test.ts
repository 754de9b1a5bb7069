import { describe, expect, it } from 'vitest'
import { attemptAt, callTo } from '../../test/support/calls.ts'
import { deployment, routing } from '../../test/support/settings.ts'
import type { Call, CallOptions } from '../core/call.ts'
import type { Deployment, SelectionSettings } from '../core/deployment.ts'
import { Failure, type FailureKind, type FailureOptions } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import { createPools } from '../pools/pools.ts'
import { estimates } from '../prices/estimates.ts'
import { inputTokenBounds } from '../prices/index.ts'
import { FakeClock } from '../testing/index.ts'
import { isWait, planCall } from './plan.ts'

type Draft = Parameters<typeof routing>[0]

/** What an attempt ends with: a kind, or a whole failure. */
type Ending = FailureKind | Failure

const fail = (kind: FailureKind, options: FailureOptions = {}) => new Failure(kind, kind, options)

/** `a1` and `a2` are deployments of the pool `a`. Order 1 is `b`'s, say: `{ order: 1 }`. */
function at(id: string, selection: Partial<SelectionSettings> = {}, more: Partial<Deployment> = {}): Deployment {
  return deployment({
    id,
    pool: id.slice(0, 1),
    baseUrl: 'http://127.0.0.1:1',
    selection: { tags: [], tagPatterns: [], ...selection },
    ...more,
  })
}

interface Scene extends Partial<Omit<Draft, 'deployments'>> {
  readonly deployments: readonly Deployment[]
  readonly options?: CallOptions
  readonly call?: Partial<Call>
  /** The random number of every draw. Default 0: the first of the pool, no jitter. */
  readonly random?: number
}

function setUp({ options = {}, call: changes, random = 0, ...draft }: Scene) {
  const clock = new FakeClock()
  const settings = routing(draft as Draft)
  const pools = createPools(settings, { clock, random: () => random, estimate: estimates(), inputTokenBounds })
  const poolFor = (name: string) => pools.resolve(name) ?? fail('unknown_model', { code: 'model_not_found' })
  const plan = planCall({ ...settings, poolFor, explains: () => false, clock, random: () => random })
  const call = callTo('a', { options, ...changes })
  return { clock, pools, plan, call }
}

/** Walks a plan in which attempt after attempt ends so; the last ending again and again. Waits are waited. */
function walk(scene: Scene, endings: readonly Ending[], before?: (set: ReturnType<typeof setUp>) => void) {
  const set = setUp(scene)
  before?.(set)
  const { clock, pools, plan, call } = set
  const course = plan(call)
  const way: string[] = []
  const requests: JsonObject[] = []
  let turn = course.next()
  for (let number = 0; !turn.done && number < 50; number++) {
    const step = turn.value
    if (isWait(step)) throw new Error('nobody waits in line here')
    clock.advance(step.waitMs)
    way.push(step.waitMs > 0 ? `${step.deployment.id} after ${step.waitMs}` : step.deployment.id)
    requests.push(step.request.body)
    const ticket = pools.ward.begin(attemptAt(step.deployment, call))
    const ending = endings[Math.min(number, endings.length - 1)] ?? 'upstream_error'
    const failure = ending instanceof Failure ? ending : fail(ending)
    pools.ward.end(ticket, { outcome: 'failed', failure })
    turn = course.next(failure)
  }
  return { way, requests, told: turn.done ? turn.value : undefined, hops: call.record.fallbacks, ...set }
}

const one = [at('a1')]
const two = [at('a1'), at('a2')]
const quiet = { disabled: true, restMs: 0 }
const b = { general: { a: [{ pool: 'b' }] } }

describe('retries', () => {
  it('try another deployment at once, and the same one only after a wait', () => {
    expect(walk({ deployments: two, cooldown: quiet, random: 0.5 }, []).way).toEqual(['a2', 'a1', 'a2 after 250'])
  })

  it('of a single deployment wait longer and longer, with full jitter, up to 8 s', () => {
    const { way } = walk({ deployments: one, random: 0.5, retries: { count: 7 } }, [])
    expect(way).toEqual(['a1', ...[250, 500, 1000, 2000, 4000, 4000, 4000].map(ms => `a1 after ${ms}`)])
  })

  it('wait no shorter than the operator says', () => {
    const { way } = walk({ deployments: one, retries: { count: 1, minimumWaitMs: 700 } }, [])
    expect(way).toEqual(['a1', 'a1 after 700'])
  })

  it('wait as long as the upstream asks when there is nobody else', () => {
    const { way } = walk({ deployments: one, retries: { count: 1 } }, [fail('rate_limited', { retryAfterMs: 12_000 })])
    expect(way).toEqual(['a1', 'a1 after 12000'])
  })

  it('wait for the one that comes back first when all have asked for a pause', () => {
    const { way } = walk({ deployments: two }, [
      fail('rate_limited', { retryAfterMs: 3000 }),
      fail('rate_limited', { retryAfterMs: 30_000 }),
      'rejected',
    ])
    expect(way).toEqual(['a1', 'a2', 'a1 after 3000'])
  })

  it('leave out a deployment that asked for a pause while there is another', () => {
    const { way } = walk({ deployments: two, retries: { count: 2 }, random: 0.2 }, [
      fail('rate_limited', { retryAfterMs: 30_000 }),
      'upstream_error',
    ])
    expect(way).toEqual(['a1', 'a2', 'a2 after 100'])
  })

  it('do not wait beyond the deadline, and tell the client how long the upstream asked for', () => {
    const limited = fail('rate_limited', { retryAfterMs: 12_000 })
    const { way, told } = walk({ deployments: one, call: { deadline: 12_000 } }, [limited])
    expect(way).toEqual(['a1'])
    expect(told).toBe(limited)
  })

  it('do not wait long where there is a fallback, unless it has been used up', () => {
    const limited = fail('rate_limited', { retryAfterMs: 12_000 })
    const scene = { deployments: [...one, at('b1')], fallbacks: b, retries: { count: 1 } }
    expect(walk(scene, [limited, 'rejected']).way).toEqual(['a1', 'b1'])
    expect(walk({ ...scene, options: { maxFallbacks: 0 } }, [limited, 'rejected']).way).toEqual([
      'a1',
      'a1 after 12000',
    ])
  })

  it.each<[string, FailureKind, number]>([
    ['a failure of the upstream', 'upstream_error', 3],
    ['a timeout', 'timed_out', 3],
    ['an overload', 'overloaded', 3],
    ['a request that the upstream refuses', 'rejected', 1],
    ['a request that the client got wrong', 'invalid_request', 1],
    ['a fault of our own', 'internal', 1],
    ['a context that is too long', 'context_too_long', 1],
    ['a refusal for content', 'content_refused', 1],
    // Only elsewhere: credentials and names do not mend themselves.
    ['credentials that are refused', 'refused_credentials', 2],
    ['a model that the upstream does not know', 'unknown_upstream_model', 2],
  ])('of %s', (_, kind, attempts) => {
    expect(walk({ deployments: two, cooldown: quiet }, [kind]).way).toHaveLength(attempts)
  })

  it.each<[string, Partial<Scene>, FailureKind, number]>([
    [
      "the caller's number wins",
      { options: { retries: 4 }, retries: { count: 1, policy: { InternalServerError: 0 } } },
      'upstream_error',
      5,
    ],
    ['0 from the caller switches them off', { options: { retries: 0 }, retries: { count: 3 } }, 'upstream_error', 1],
    [
      '0 from the caller switches the policy off',
      {
        options: { retries: 0 },
        retries: { policy: { RateLimitError: 3, BadRequestError: 3, ContentPolicyViolationError: 3 } },
      },
      'content_refused',
      1,
    ],
    [
      "the deployment's number comes before the policy's",
      { deployments: [at('a1', {}, { health: { retries: 3 } })], retries: { policy: { InternalServerError: 0 } } },
      'upstream_error',
      4,
    ],
    [
      "the policy's class comes before the router's number",
      { retries: { count: 5, policy: { TimeoutError: 1 } } },
      'timed_out',
      2,
    ],
    [
      'other classes keep the router’s number',
      { retries: { count: 3, policy: { TimeoutError: 1 } } },
      'upstream_error',
      4,
    ],
    [
      'the policy has a default',
      { retries: { count: 5, policy: { TimeoutError: 1, Default: 0 } } },
      'upstream_error',
      1,
    ],
    [
      "the pool's policy replaces the router's",
      { retries: { policy: { InternalServerError: 4 }, poolPolicies: { a: { InternalServerError: 1 } } } },
      'upstream_error',
      2,
    ],
    ['the default never makes a 4xx retryable', { retries: { policy: { Default: 5 } } }, 'rejected', 1],
    [
      'a class with a number may be retried elsewhere, though it be final',
      { deployments: two, retries: { policy: { BadRequestError: 5 } } },
      'rejected',
      2,
    ],
    ['and is not asked again where it failed', { retries: { policy: { BadRequestError: 5 } } }, 'rejected', 1],
    [
      'a refusal for content only by policy',
      { deployments: two, retries: { policy: { ContentPolicyViolationError: 1 } } },
      'content_refused',
      2,
    ],
  ])('%s', (_, scene, kind, attempts) => {
    expect(walk({ deployments: one, cooldown: quiet, ...scene }, [kind]).way).toHaveLength(attempts)
  })

  it('judge by the last failure', () => {
    expect(
      walk({ deployments: one, retries: { count: 5 } }, ['upstream_error', 'upstream_error', 'rejected']).way,
    ).toHaveLength(3)
  })

  it('come to no more attempts than a call may have, over all pools', () => {
    const scene = { deployments: [...one, at('b1')], fallbacks: b, retries: { count: 50, maxAttempts: 4 } }
    expect(walk(scene, []).way).toHaveLength(4)
    expect(walk({ ...scene, retries: { count: 2, maxAttempts: 5 } }, []).way.map(step => step.slice(0, 2))).toEqual([
      'a1',
      'a1',
      'a1',
      'b1',
      'b1',
    ])
  })

  it('end with the deadline', () => {
    const { way, told } = walk({ deployments: two, call: { deadline: 0 } }, [])
    expect(way).toEqual([])
    expect(told?.kind).toBe('out_of_time')
  })
})

describe('orders', () => {
  const orders = [at('a1', { order: 1 }), at('a2', { order: 1 }), at('a3', { order: 2 }), at('a4')]

  it('are used one after the other, each with its own retries', () => {
    const { way } = walk({ deployments: orders, cooldown: quiet, retries: { count: 1 } }, [])
    expect(way.map(step => step.slice(0, 2))).toEqual(['a1', 'a2', 'a3', 'a3', 'a4', 'a4'])
  })

  it('are reached when the one before cannot be asked again', () => {
    const scene = { deployments: [at('a1', { order: 1 }), at('a2', { order: 2 })], cooldown: quiet }
    expect(walk(scene, ['refused_credentials', 'upstream_error']).way[1]).toBe('a2')
    const busy = fail('overloaded', { retryAfterMs: 700_000 })
    expect(walk({ ...scene, cooldown: {} }, [busy, 'rejected']).way).toEqual(['a1', 'a2'])
  })

  it.each<FailureKind>(['rejected', 'context_too_long', 'content_refused'])('do not help against %s', kind => {
    expect(walk({ deployments: orders, cooldown: quiet }, [kind]).way).toEqual(['a1'])
  })

  it('come before another pool', () => {
    const deployments = [at('a1', { order: 1 }), at('a2', { order: 2 }), at('b1')]
    expect(walk({ deployments, fallbacks: b, cooldown: quiet, retries: { count: 0 } }, []).way).toEqual([
      'a1',
      'a2',
      'b1',
    ])
  })
})

describe('weighted failover', () => {
  const deployments = [at('a1'), at('a2'), at('a3'), at('b1')]
  const scene = { deployments, fallbacks: b, cooldown: quiet }

  it('tries everybody of the pool before another pool', () => {
    expect(walk({ ...scene, retries: { count: 0, weightedFailover: true } }, []).way).toEqual(['a1', 'a2', 'a3', 'b1'])
  })

  it('is off unless asked for', () => {
    expect(walk({ ...scene, retries: { count: 0 } }, []).way).toEqual(['a1', 'b1'])
  })

  it('does not repeat what is final', () => {
    expect(walk({ ...scene, retries: { count: 0, weightedFailover: true } }, ['rejected']).way).toEqual(['a1'])
  })
})

describe('fallbacks', () => {
  const pools = ['a1', 'b1', 'c1', 'd1', 'e1', 'f1', 'g1', 'h1'].map(id => at(id))
  const to = (...names: string[]) => names.map(pool => ({ pool }))
  const go = (scene: Omit<Scene, 'deployments'>, endings: readonly Ending[] = ['upstream_error']) =>
    walk({ deployments: pools, retries: { count: 0 }, cooldown: quiet, ...scene }, endings)

  it("go to the caller's list, then to the configured one", () => {
    const { way, hops } = go({ options: { fallbacks: to('d', 'c') }, fallbacks: { general: { a: to('b', 'c') } } })
    expect(way).toEqual(['a1', 'd1', 'c1', 'b1'])
    expect(hops).toBe(3)
  })

  it("tell the first pool's failure", () => {
    const { told } = go({ fallbacks: { general: { a: to('b') } } }, [fail('overloaded'), fail('rate_limited')])
    expect(told?.kind).toBe('overloaded')
  })

  it('have the fallbacks of their own pools, each pool once', () => {
    const general = { a: to('b', 'c'), b: to('d', 'a'), d: to('c') }
    expect(go({ fallbacks: { general } }).way).toEqual(['a1', 'b1', 'd1', 'c1'])
  })

  it('visit a pool once, whatever it is called', () => {
    const aliases = { bee: { pool: 'b', hidden: false }, ay: { pool: 'a', hidden: false } }
    expect(go({ aliases, fallbacks: { general: { a: to('b', 'bee', 'ay', 'c') } } }).way).toEqual(['a1', 'b1', 'c1'])
  })

  it('are found under the name that an alias stands for', () => {
    const aliases = { ay: { pool: 'a', hidden: false } }
    expect(go({ aliases, call: { pool: 'ay' }, fallbacks: { general: { a: to('b') } } }).way).toEqual(['a1', 'b1'])
    expect(go({ aliases, call: { pool: 'ay' }, fallbacks: { general: { a: to('b'), ay: to('c') } } }).way).toEqual([
      'a1',
      'c1',
    ])
  })

  it('are found under the tiered or automatic pool through which the call came', () => {
    const general = { smart: to('c') }
    expect(go({ call: { tier: 'smart' }, fallbacks: { general } }).way).toEqual(['a1', 'c1'])
    expect(go({ call: { tier: 'smart' }, fallbacks: { general: { smart: to('c'), a: to('b') } } }).way).toEqual([
      'a1',
      'b1',
    ])
  })

  it.each<[string, Record<string, ReturnType<typeof to>>, string[]]>([
    ['by the name of the pool', { a: to('b') }, ['a1', 'b1']],
    ['for everybody', { '*': to('c') }, ['a1', 'c1']],
    ['a match before that for everybody', { '*': to('c'), a: to('b'), b: [] }, ['a1', 'b1']],
    ['an empty match is final', { '*': to('c'), a: [] }, ['a1']],
  ])('are looked up %s', (_, general, way) => expect(go({ fallbacks: { general } }).way).toEqual(way))

  it('are looked up under and without the provider prefix', () => {
    const deployments = [at('x1', {}, { pool: 'openai/a' }), at('y1', {}, { pool: 'b' })]
    const scene = { deployments, retries: { count: 0 }, cooldown: quiet }
    expect(walk({ ...scene, call: { pool: 'openai/a' }, fallbacks: { general: { a: to('b') } } }, []).way).toEqual([
      'x1',
      'y1',
    ])
    const bare = [at('x1', {}, { pool: 'a' }), at('y1', {}, { pool: 'b' })]
    expect(walk({ ...scene, deployments: bare, fallbacks: { general: { 'openai/a': to('b') } } }, []).way).toEqual([
      'x1',
      'y1',
    ])
  })

  it('end with the number of moves that is allowed, over all levels', () => {
    const general = { a: to('b', 'f', 'g', 'h'), b: to('c'), c: to('d'), d: to('e') }
    expect(go({ fallbacks: { general } }).way).toEqual(['a1', 'b1', 'c1', 'd1', 'e1', 'f1'])
    expect(go({ fallbacks: { general, max: 2 } }).way).toEqual(['a1', 'b1', 'c1'])
    expect(go({ fallbacks: { general, max: 2 }, options: { maxFallbacks: 3 } }).way).toHaveLength(4)
    expect(go({ fallbacks: { general }, options: { maxFallbacks: 0 } }).way).toEqual(['a1'])
  })

  it('are switched off by the caller, all of them', () => {
    const fallbacks = { general: { a: to('b') }, contextWindow: { a: to('c') }, contentPolicy: { a: to('d') } }
    for (const kind of ['upstream_error', 'context_too_long', 'content_refused'] as const)
      expect(go({ fallbacks, options: { disableFallbacks: true, fallbacks: to('e') } }, [kind]).way).toEqual(['a1'])
  })

  describe('by what went wrong', () => {
    const fallbacks = { general: { a: to('b') }, contextWindow: { a: to('c') }, contentPolicy: { a: to('d') } }
    const asked = { contextWindowFallbacks: { a: to('e') }, contentPolicyFallbacks: { '*': to('f') } }

    it.each<[string, FailureKind, Omit<Scene, 'deployments'>, string[]]>([
      ['a failure of the upstream: the general list', 'upstream_error', { fallbacks, options: asked }, ['b1']],
      ['a context too long: its own list', 'context_too_long', { fallbacks }, ['c1']],
      [
        "a context too long: the caller's list of that kind first",
        'context_too_long',
        { fallbacks, options: asked },
        ['e1'],
      ],
      [
        'a context too long: without a match the general list',
        'context_too_long',
        { fallbacks: { ...fallbacks, contextWindow: { x: to('c') } } },
        ['b1'],
      ],
      [
        "a context too long: the caller's own list as well",
        'context_too_long',
        { fallbacks, options: { fallbacks: to('g') } },
        ['g1', 'c1'],
      ],
      ['a refusal: its own list', 'content_refused', { fallbacks }, ['d1']],
      [
        "a refusal: a match before the caller's list for everybody",
        'content_refused',
        { fallbacks, options: asked },
        ['d1'],
      ],
      [
        "a refusal: the caller's list for everybody",
        'content_refused',
        { fallbacks: { general: fallbacks.general }, options: asked },
        ['f1'],
      ],
      [
        'a refusal: never the general list',
        'content_refused',
        { fallbacks: { general: fallbacks.general }, options: { fallbacks: to('g') } },
        [],
      ],
      ['what is final: nowhere', 'rejected', { fallbacks, options: asked }, []],
    ])('%s', (_, kind, scene, way) => expect(go(scene, [kind, 'upstream_error']).way.slice(1)).toEqual(way))

    it('anew in each pool', () => {
      const lists = { general: { a: to('b') }, contextWindow: { b: to('c') } }
      expect(go({ fallbacks: lists }, ['upstream_error', 'context_too_long']).way).toEqual(['a1', 'b1', 'c1'])
    })
  })

  it('stand in for a pool that nobody knows', () => {
    const { way, told } = go({ call: { pool: 'nobody' }, fallbacks: { general: { nobody: to('nor me', 'b') } } }, [
      'overloaded',
    ])
    expect(way).toEqual(['b1'])
    expect(told).toMatchObject({ kind: 'unknown_model', code: 'model_not_found' })
  })

  it('may replace parts of the request', () => {
    const messages = [{ role: 'user', content: 'shorter' }]
    const { requests } = go({ options: { fallbacks: [{ pool: 'b', replace: { messages } }, { pool: 'c' }] } })
    expect(requests.map(body => body.messages)).toEqual([
      [{ role: 'user', content: 'hello' }],
      messages,
      [{ role: 'user', content: 'hello' }],
    ])
  })

  it('say in the decision why the call came', () => {
    const { plan, call } = setUp({ deployments: pools, retries: { count: 0 }, fallbacks: { general: { a: to('b') } } })
    const course = plan(call)
    expect(course.next().value).not.toHaveProperty('decision.because')
    expect(course.next(fail('overloaded')).value).toMatchObject({
      pool: 'b',
      decision: { because: 'a failed: overloaded' },
    })
  })
})

describe('when all rest', () => {
  const rest = (ids: Readonly<Record<string, number>>) => (set: ReturnType<typeof setUp>) => {
    for (const id in ids) set.pools.ward.find(id)?.rest(ids[id] ?? 0, fail('overloaded'))
  }

  it('the one that recovers first is asked once, as a last resort', () => {
    const { way, told } = walk({ deployments: two }, ['upstream_error'], rest({ a1: 5000, a2: 3000 }))
    expect(way).toEqual(['a2'])
    expect(told?.kind).toBe('upstream_error')
  })

  it('a fallback that does not rest is better', () => {
    const scene = { deployments: [...two, at('b1')], fallbacks: b, retries: { count: 0 } }
    expect(walk(scene, [], rest({ a1: 5000, a2: 3000 })).way).toEqual(['b1'])
  })

  it('the first pool is asked, not one that stands in for it', () => {
    const scene = { deployments: [...two, at('b1')], fallbacks: b }
    expect(walk(scene, [], rest({ a1: 5000, a2: 3000, b1: 10 })).way).toEqual(['a2'])
  })

  it('nobody is asked after an attempt was made', () => {
    const scene = { deployments: [...one, at('b1')], fallbacks: b, retries: { count: 0 } }
    expect(walk(scene, [], rest({ b1: 5000 })).way).toEqual(['a1'])
  })

  it('nobody is asked who cannot take the call at all', () => {
    const { way, told } = walk({ deployments: [at('a1', { blocked: true })] }, [])
    expect(way).toEqual([])
    expect(told?.verdict.status).toBeGreaterThanOrEqual(400)
  })
})

describe('test hooks', () => {
  const fallbacks = {
    general: { a: [{ pool: 'b' }] },
    contextWindow: { a: [{ pool: 'c' }] },
    contentPolicy: { a: [{ pool: 'd' }] },
  }
  const deployments = ['a1', 'b1', 'c1', 'd1'].map(id => at(id))

  it.each<[string, string[], FailureKind]>([
    ['mock_testing_fallbacks', ['b1'], 'upstream_error'],
    ['mock_testing_context_fallbacks', ['c1'], 'context_too_long'],
    ['mock_testing_content_policy_fallbacks', ['d1'], 'content_refused'],
    ['mock_testing_rate_limit_error', ['b1'], 'rate_limited'],
  ])('%s fails the first pool before any attempt', (name, way, kind) => {
    const got = walk({ deployments, fallbacks, retries: { count: 0 }, options: { mock: { [name]: true } } }, [])
    expect(got.way).toEqual(way)
    expect(got.told?.kind).toBe(kind)
  })

  it('do nothing when they are false', () => {
    const options = { mock: { mock_testing_fallbacks: false } }
    expect(walk({ deployments, options, retries: { count: 0 } }, []).way).toEqual(['a1'])
  })
})
