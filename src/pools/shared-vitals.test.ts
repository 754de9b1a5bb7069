import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { End } from '../core/answer.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { RoutingSettings } from '../core/settings.ts'
import { exchangesOf } from '../state/exchange.fixture.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { attemptOf, boundsOf, callOf, complete, deploymentOf, estimateOf, settingsOf, strategyOf } from './fixtures.ts'
import { createPools } from './pools.ts'
import { shareVitals } from './shared-vitals.ts'
import { Ward } from './ward.ts'

/** How long a message takes in these tests, each of its two ways. */
const WAY_MS = 2

/** Replicas of one configuration that tell each other of their vitals. */
function scene(count: number, deployments: readonly Deployment[], changes: Partial<RoutingSettings> = {}) {
  const clock = new FakeClock()
  const random = seededRandom(1)
  const settings = settingsOf(deployments, { strategy: strategyOf('usage-based-routing'), ...changes })
  const { hub, start } = exchangesOf([], action => void clock.after(WAY_MS, action))
  const open = (name: string) => {
    const ward = new Ward(settings, clock)
    const exchange = start(name)
    const close = shareVitals(ward, { exchange, clock })
    const pools = createPools(settings, { clock, random, estimate: estimateOf, inputTokenBounds: boundsOf, ward })
    const choose = (tokens = 0) => pools.resolve('pool')?.choose(callOf({ body: { tokens } }))
    /** Sends a call to whom the pool chooses, if anybody. */
    const begin = (tokens = 0) => {
      const choice = choose(tokens)
      if (!choice || !('chosen' in choice) || choice.lastResort) return undefined
      const attempt = attemptOf(choice.chosen.deployment, clock)
      const ticket = ward.begin(attempt, { inputTokens: tokens, outputTokens: 0 })
      return { id: choice.chosen.deployment.id, end: (end: End = complete) => ward.end(ticket, end) }
    }
    const fail = (failure: Failure) => begin()?.end({ outcome: 'failed', failure })
    return { ward, exchange, choose, begin, fail, close, vitals: () => [...ward.all()] }
  }
  const replicas = Array.from({ length: count }, (_, index) => open(`${index}`))
  clock.advance(10 * WAY_MS)
  return { clock, random, hub, open, replicas }
}

type Scene = ReturnType<typeof scene>
type Replica = Scene['replicas'][number]

function nth({ replicas }: Scene, index: number): Replica {
  const replica = replicas[index]
  if (!replica) throw new Error(`there is no replica ${index}`)
  return replica
}

const limited = (ms?: number) => new Failure('rate_limited', 'slow down', { retryAfterMs: ms })

describe('a rest', () => {
  it('is seen by all others within 250 ms, and ends by itself', () => {
    const all = scene(4, [deploymentOf('a'), deploymentOf('b')])
    const first = nth(all, 0)
    const tried = first.begin()
    tried?.end({ outcome: 'failed', failure: limited() })
    all.clock.advance(250)
    for (const replica of all.replicas) {
      for (let i = 0; i < 20; i++) expect(replica.begin()?.id).not.toBe(tried?.id)
      const because = replica.ward.find(tried?.id ?? '')?.restingBecause
      expect(because).toMatchObject({ kind: 'rate_limited', message: 'slow down' })
    }
    all.clock.advance(4_800)
    for (const replica of all.replicas) {
      expect(replica.ward.find(tried?.id ?? '')?.isAvailable(all.clock.monotonic())).toBe(true)
    }
  })

  it('ends when it was meant to, though clocks show different times', () => {
    const all = scene(2, [deploymentOf('a'), deploymentOf('b')])
    nth(all, 0).ward.end(nth(all, 0).ward.begin(attemptOf(deploymentOf('a'), all.clock)), {
      outcome: 'failed',
      failure: limited(),
    })
    all.clock.advance(100)
    all.clock.jump(Date.UTC(2031, 0, 1))
    const a = nth(all, 1).ward.find('a')
    expect(a?.isAvailable(all.clock.monotonic() + 4_800)).toBe(false)
    expect(a?.isAvailable(all.clock.monotonic() + 5_000)).toBe(true)
  })

  it('of the last available one is not believed under the automatic rule, but Retry-After is', () => {
    const all = scene(2, [deploymentOf('a')])
    nth(all, 0).ward.restElsewhere('a', 1000, new Failure('refused_credentials', 'no'))
    expect(nth(all, 0).begin()).toBeDefined()
    nth(all, 1).fail(limited(3000))
    all.clock.advance(100)
    expect(nth(all, 0).begin()).toBeUndefined()
    all.clock.advance(3000)
    expect(nth(all, 0).begin()).toBeDefined()
  })

  it('of the last available one is believed when an operator has set a number of allowed failures', () => {
    const cooldown = { restMs: 5000, disabled: false, allowedFails: 0 }
    const all = scene(2, [deploymentOf('a')], { cooldown })
    nth(all, 0).fail(new Failure('overloaded', 'busy'))
    all.clock.advance(100)
    expect(nth(all, 1).begin()).toBeUndefined()
  })

  it('follows from allowed failures that all replicas met together', () => {
    const all = scene(4, [deploymentOf('a')], { cooldown: { restMs: 5000, disabled: false, allowedFails: 3 } })
    for (let i = 0; i < 3; i++) nth(all, i).fail(new Failure('overloaded', 'busy'))
    all.clock.advance(100)
    nth(all, 0).begin()?.end()
    nth(all, 3).fail(new Failure('overloaded', 'busy'))
    all.clock.advance(100)
    for (const replica of all.replicas) expect(replica.begin()).toBeUndefined()
    all.clock.advance(4_900)
    for (const replica of all.replicas) replica.begin()?.end()
    // The last one counts with the others for as long as these are in the window.
    all.clock.advance(50_000)
    nth(all, 1).fail(new Failure('overloaded', 'busy'))
    expect(nth(all, 1).begin()).toBeUndefined()
    all.clock.advance(60_000)
    for (let i = 0; i < 3; i++) nth(all, i).fail(new Failure('overloaded', 'busy'))
    all.clock.advance(100)
    for (const replica of all.replicas) expect(replica.begin()).toBeDefined()
  })

  it('follows from allowed failures also where several fail at the same moment', () => {
    const all = scene(4, [deploymentOf('a')], { cooldown: { restMs: 5000, disabled: false, allowedFails: 3 } })
    for (const replica of all.replicas) replica.fail(new Failure('overloaded', 'busy'))
    all.clock.advance(100)
    for (const replica of all.replicas) expect(replica.begin()).toBeUndefined()
  })

  it('follows from failures of a class that is counted alone, by the status that the upstream gave', () => {
    const cooldown = { restMs: 5000, disabled: false, allowedFails: 9, policy: { BadGatewayError: 1 } }
    const all = scene(2, [deploymentOf('a')], { cooldown })
    for (const replica of all.replicas) replica.fail(new Failure('upstream_error', 'no', { upstreamStatus: 502 }))
    all.clock.advance(100)
    for (const replica of all.replicas) expect(replica.begin()).toBeUndefined()
  })

  it('does not follow from failures elsewhere under the automatic rule', () => {
    const all = scene(4, [deploymentOf('a'), deploymentOf('b')])
    for (let i = 0; i < 4; i++) nth(all, 0).fail(new Failure('overloaded', 'busy'))
    all.clock.advance(100)
    for (const vitals of nth(all, 1).vitals()) expect(vitals.failures(all.clock.monotonic())).toBe(0)
  })

  it('is told to a replica that joins later, even when the one that decided it is gone', () => {
    const all = scene(2, [deploymentOf('a'), deploymentOf('b')])
    const tried = nth(all, 0).begin()
    tried?.end({ outcome: 'failed', failure: limited() })
    all.clock.advance(1000)
    all.hub.gone('0')
    const late = all.open('late')
    all.clock.advance(100)
    for (let i = 0; i < 20; i++) expect(late.begin()?.id).not.toBe(tried?.id)
    all.clock.advance(3_950)
    expect(late.ward.find(tried?.id ?? '')?.isAvailable(all.clock.monotonic())).toBe(true)
  })

  it.each([
    { type: 'rest' },
    { type: 'rest', id: 'a', ms: -1, kind: 'overloaded' },
    { type: 'rest', id: 'a', ms: 1000, kind: 'toString' },
    { type: 'rest', id: 'nobody', ms: 1000, kind: 'overloaded' },
    { type: 'fail', id: 'nobody', ms: 1000, kind: 'overloaded' },
    { type: 'fail', id: 'a', ms: 1000, kind: 'limited', status: 'x' },
    { type: 'hold', id: 'a', ms: '1000' },
    { type: 'use', of: { a: [1, 2] } },
    { type: 'use', of: { a: [-1, 0, 0, 0, 0] } },
    { type: 'use', of: { a: [1e300, 0, 0, 0, 0], b: null } },
    { type: 'something else' },
  ])('a message that makes no sense changes nothing: %j', message => {
    const all = scene(2, [deploymentOf('a', { selection: { maxParallelRequests: 1 } })])
    nth(all, 1).exchange.publish(message)
    all.clock.advance(100)
    expect(nth(all, 0).begin()).toBeDefined()
  })
})

describe('what is used', () => {
  it('is summed over the replicas, and what they measured is known to those who have not', () => {
    const all = scene(3, [deploymentOf('a', { selection: { rpm: 100, tpm: 1000 } })])
    const calls = all.replicas.map(replica => replica.begin(10))
    all.clock.advance(200)
    const third = all.open('new')
    all.clock.advance(300)
    for (const replica of [...all.replicas, third]) {
      const [vitals] = replica.vitals()
      expect(vitals?.inFlight).toBe(3)
      expect(vitals?.requestsThisMinute(all.clock.now())).toBe(3)
      expect(vitals?.tokensThisMinute(all.clock.now())).toBe(30)
    }
    for (const call of calls) call?.end({ outcome: 'complete', usage: { inputTokens: 20, outputTokens: 5 } })
    all.clock.advance(200)
    const [vitals] = third.vitals()
    expect(vitals?.inFlight).toBe(0)
    expect([vitals?.inputTokensThisMinute(all.clock.now()), vitals?.outputTokensThisMinute(all.clock.now())]).toEqual([
      60, 15,
    ])
    expect(vitals?.p50(all.clock.monotonic())).toBe(500)
    all.clock.advance(60_000)
    expect(vitals?.requestsThisMinute(all.clock.now())).toBe(0)
  })

  it('by a replica that is gone: its calls are no longer in flight, its requests were made', () => {
    const all = scene(2, [deploymentOf('a', { selection: { rpm: 10, maxParallelRequests: 10 } })])
    nth(all, 1).begin()
    all.clock.advance(200)
    const [vitals] = nth(all, 0).vitals()
    expect(vitals?.inFlight).toBe(1)
    all.hub.gone('1')
    all.clock.advance(100)
    expect(vitals?.inFlight).toBe(0)
    expect(vitals?.requestsThisMinute(all.clock.now())).toBe(1)
  })

  it('is told in one message each 100 ms at most', () => {
    const all = scene(2, [deploymentOf('a'), deploymentOf('b')])
    let messages = 0
    nth(all, 1).exchange.subscribe({ heard: () => messages++ })
    for (let ms = 0; ms < 1000; ms++) {
      nth(all, 0).begin()?.end()
      all.clock.advance(1)
    }
    expect(messages).toBeLessThanOrEqual(11)
    expect(messages).toBeGreaterThanOrEqual(9)
  })

  it('costs one replica no timer, and one that is closed none either', () => {
    const single = scene(1, [deploymentOf('a')])
    single.replicas[0]?.begin()
    expect(single.clock.timers).toBe(0)
    const all = scene(2, [deploymentOf('a')])
    nth(all, 0).begin()
    nth(all, 0).close()
    expect(all.clock.timers).toBe(0)
    expect(nth(all, 0).vitals()[0]?.inFlight).toBe(1)
  })
})

/** How many requests get through to the one deployment in a minute, when each replica is asked this often. */
function requestsInMinute({
  rpm,
  perSecond,
  seed,
}: {
  rpm: number
  perSecond: readonly number[]
  seed: number
}): number {
  const all = scene(perSecond.length, [deploymentOf('a', { selection: { rpm } })])
  const random = seededRandom(seed)
  // To the beginning of the next minute.
  all.clock.advance(60_000 - (all.clock.now() % 60_000))
  let through = 0
  let lastAt = 0
  // What nobody gets within five seconds, nobody gets later.
  for (let ms = 0; ms < Math.min(59_990, lastAt + 5_000); ms += 10) {
    for (const [index, rate] of perSecond.entries()) {
      for (let due = rate / 100; due > 0; due--) {
        const call = random() < due ? nth(all, index).begin() : undefined
        if (!call) continue
        through++
        lastAt = ms
        all.clock.after(200, () => call.end())
      }
    }
    all.clock.advance(10)
  }
  return through
}

describe('a limit of 100 requests a minute', () => {
  it.each([
    [[50, 50, 50, 50]],
    [[1000, 1000, 1000, 1000]],
    [[100, 0, 0, 0]],
    [[200, 10, 1, 0]],
    [[5, 5]],
    [[1, 1, 1, 1]],
    [[500, 500, 500, 500, 500, 500, 500, 500]],
  ])('is kept and used, at %j calls a second at the replicas', perSecond => {
    const through = requestsInMinute({ rpm: 100, perSecond, seed: 7 })
    expect(through).toBeLessThanOrEqual(100 + perSecond.length - 1)
    expect(through).toBeGreaterThanOrEqual(95)
  })

  it('is kept and used whatever the load and the limit', () => {
    const load = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 2, maxLength: 5 })
    fc.assert(
      fc.property(load, fc.integer({ min: 1, max: 60 }), fc.nat(), (perSecond, rpm, seed) => {
        fc.pre(perSecond.some(rate => rate >= 10))
        const through = requestsInMinute({ rpm, perSecond, seed })
        expect(through).toBeLessThanOrEqual(rpm + perSecond.length - 1)
        expect(through).toBeGreaterThanOrEqual(rpm * 0.9)
      }),
      { numRuns: 15, seed: 3 },
    )
  })
})

describe('calls in flight', () => {
  it('are never many more than the limit over all replicas, and a place that comes free is used', () => {
    const all = scene(4, [deploymentOf('a', { selection: { maxParallelRequests: 10 } })])
    const random = seededRandom(5)
    let inFlight = 0
    let most = 0
    let through = 0
    for (let ms = 0; ms < 30_000; ms += 10) {
      for (const replica of all.replicas) {
        const call = replica.begin()
        if (!call) continue
        through++
        most = Math.max(most, ++inFlight)
        all.clock.after(500 + 1000 * random(), () => {
          inFlight--
          call.end()
        })
      }
      all.clock.advance(10)
    }
    expect(most).toBeLessThanOrEqual(13)
    // Ten at a time, each of one second, for thirty seconds: 300 at best.
    expect(through).toBeGreaterThanOrEqual(200)
  })

  it('may begin at once at the only replica that is asked, while there is room for one per replica', () => {
    const all = scene(4, [deploymentOf('a', { selection: { maxParallelRequests: 1 } })])
    expect(nth(all, 2).begin()).toBeDefined()
  })
})

describe('tokens', () => {
  it('of a minute are kept and used, though a call needs more than a share', () => {
    const all = scene(4, [deploymentOf('a', { selection: { tpm: 10_000 } })])
    all.clock.advance(60_000 - (all.clock.now() % 60_000))
    let tokens = 0
    for (let ms = 0; ms < 59_990; ms += 10) {
      for (const replica of all.replicas) {
        const call = replica.begin(1_500)
        if (!call) continue
        tokens += 1_500
        call.end({ outcome: 'complete', usage: { inputTokens: 1_500, outputTokens: 0 } })
      }
      all.clock.advance(10)
    }
    expect(tokens).toBeGreaterThanOrEqual(9_000)
    expect(tokens).toBeLessThanOrEqual(9_000 + 1_500)
  })

  it('that are being shared out are worth another try soon', () => {
    const all = scene(4, [deploymentOf('a', { selection: { rpm: 8 } })])
    for (let i = 0; i < 2; i++) expect(nth(all, 0).begin()).toBeDefined()
    expect(nth(all, 0).choose()).toMatchObject({ isShort: true, failure: { kind: 'limited', retryAfterMs: 1000 } })
    all.clock.advance(250)
    expect(nth(all, 0).begin()).toBeDefined()
  })
})
