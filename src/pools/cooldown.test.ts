import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HealthSettings } from '../core/deployment.ts'
import type { Event } from '../core/event.ts'
import { Failure, type FailureKind, type FailureOptions } from '../core/failure.ts'
import type { CooldownSettings } from '../core/settings.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { attemptOf, callOf, complete, deploymentOf, settingsOf } from './fixtures.ts'
import { Ward } from './ward.ts'

interface Parts {
  readonly cooldown?: Partial<CooldownSettings>
  readonly health?: HealthSettings
  readonly size?: number
}

function setUp({ cooldown, health = {}, size = 2 }: Parts = {}) {
  const clock = new FakeClock()
  const deployments = Array.from({ length: size }, (_, index) => deploymentOf(String(index), { health }))
  const base = settingsOf(deployments)
  const ward = new Ward({ ...base, cooldown: { ...base.cooldown, ...cooldown } }, clock)
  const vitals = deployments.map(deployment => ward.of(deployment))
  const events: Event[] = []
  const begin = (index: number) => {
    const deployment = deployments[index]
    if (!deployment) throw new Error(`there is no deployment ${index}`)
    return ward.begin(attemptOf(deployment, clock, callOf({ events })))
  }
  const fail = (index: number, kind: FailureKind, options: FailureOptions = {}) =>
    ward.end(begin(index), { outcome: 'failed', failure: new Failure(kind, kind, options) })
  const succeed = (index: number) => ward.end(begin(index), complete)
  const restOf = (index: number) => Math.max(0, (vitals[index]?.restingUntil ?? 0) - clock.monotonic())
  const holdOf = (index: number) => Math.max(0, (vitals[index]?.heldOutUntil ?? 0) - clock.monotonic())
  return { clock, fail, succeed, restOf, holdOf, events, vitals }
}

describe('the explicit rule', () => {
  test('rests when failures exceed the number within a sliding 60 s, and says so', () => {
    const { clock, fail, restOf, events } = setUp({ cooldown: { allowedFails: 2 } })
    fail(0, 'upstream_error')
    clock.advance(30_000)
    fail(0, 'timed_out')
    clock.advance(31_000)
    fail(0, 'upstream_error')
    expect(restOf(0)).toBe(0)
    fail(0, 'upstream_error')
    expect(restOf(0)).toBe(5_000)
    const [event] = events
    expect(event).toMatchObject({ type: 'rest', untilMs: clock.now() + 5_000, failure: { kind: 'upstream_error' } })
  })

  test('0 means at the first, and 3 is not the same as unset', () => {
    const strict = setUp({ cooldown: { allowedFails: 0 } })
    strict.fail(0, 'unreachable')
    expect(strict.restOf(0)).toBe(5_000)
    const lenient = setUp({ cooldown: { allowedFails: 3 } })
    for (let i = 0; i < 3; i++) lenient.fail(0, 'rate_limited')
    expect(lenient.restOf(0)).toBe(0)
  })

  test('is honoured for the last one too', () => {
    const { fail, restOf } = setUp({ cooldown: { allowedFails: 0 }, size: 1 })
    fail(0, 'upstream_error')
    expect(restOf(0)).toBe(5_000)
  })

  test('a class with an own number is counted alone, and does not use up the general one', () => {
    const { fail, restOf } = setUp({ cooldown: { allowedFails: 1, policy: { TimeoutError: 2 } } })
    fail(0, 'timed_out')
    fail(0, 'timed_out')
    fail(0, 'upstream_error')
    expect(restOf(0)).toBe(0)
    fail(0, 'timed_out')
    expect(restOf(0)).toBe(5_000)
  })

  test('Default stands for the classes without an entry', () => {
    const { fail, restOf } = setUp({ cooldown: { policy: { Default: 1, TimeoutError: 9 } } })
    fail(0, 'unreachable')
    expect(restOf(0)).toBe(0)
    fail(0, 'rate_limited')
    expect(restOf(0)).toBe(5_000)
  })

  test('what the deployment says beats what the router says', () => {
    const { fail, restOf } = setUp({ cooldown: { policy: { TimeoutError: 0 } }, health: { allowedFails: 1 } })
    fail(0, 'timed_out')
    expect(restOf(0)).toBe(0)
    fail(0, 'timed_out')
    expect(restOf(0)).toBe(5_000)
  })
})

describe('the automatic rule', () => {
  test.each([
    ['rate_limited', 2, 5_000],
    ['rate_limited', 1, 0],
    ['refused_credentials', 2, 5_000],
    ['unknown_upstream_model', 2, 5_000],
    ['refused_credentials', 1, 0],
    ['upstream_error', 2, 0],
    ['timed_out', 2, 0],
  ] as const)('one %s in a pool of %i: %i ms', (kind, size, rest) => {
    const { fail, restOf } = setUp({ size })
    fail(0, kind)
    expect(restOf(0)).toBe(rest)
  })

  test('rests when more than half of at least five attempts failed', () => {
    const { fail, succeed, restOf } = setUp()
    succeed(0)
    succeed(0)
    fail(0, 'upstream_error')
    fail(0, 'upstream_error')
    expect(restOf(0)).toBe(0)
    fail(0, 'upstream_error')
    expect(restOf(0)).toBe(5_000)
  })

  test('four of four are too few to judge', () => {
    const { fail, restOf } = setUp()
    for (let i = 0; i < 4; i++) fail(0, 'upstream_error')
    expect(restOf(0)).toBe(0)
    fail(0, 'upstream_error')
    expect(restOf(0)).toBe(5_000)
  })

  test.each(['rejected', 'context_too_long', 'content_refused', 'cancelled', 'internal'] as const)(
    'ten %s count for nothing',
    kind => {
      const { fail, restOf, vitals, clock } = setUp()
      for (let i = 0; i < 10; i++) fail(0, kind)
      expect(restOf(0)).toBe(0)
      expect(vitals[0]?.judged(clock.monotonic())).toBe(0)
    },
  )

  test('never rests the last available one, whatever happens', () => {
    const kinds = fc.constantFrom<FailureKind>('rate_limited', 'refused_credentials', 'upstream_error', 'timed_out')
    const step = fc.record({ index: fc.nat(3), kind: kinds, wait: fc.nat(4_000) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (size, steps) => {
        const { clock, fail, restOf } = setUp({ size })
        for (const { index, kind, wait } of steps) {
          fail(index % size, kind)
          expect(Array.from({ length: size }, (_, i) => restOf(i))).toContain(0)
          clock.advance(wait)
        }
      }),
    )
  })
})

describe('how long', () => {
  test.each([
    ['the router', {}, {}, {}, 5_000, 0],
    ['Retry-After', {}, {}, { retryAfterMs: 12_000 }, 12_000, 12_000],
    ['Retry-After at most 300 s', {}, {}, { retryAfterMs: 999_000 }, 300_000, 300_000],
    ['Retry-After: 0 is absent', {}, {}, { retryAfterMs: 0 }, 5_000, 0],
    ['the deployment', {}, { cooldownMs: 700 }, {}, 700, 0],
    ['the deployment before Retry-After', {}, { cooldownMs: 700 }, { retryAfterMs: 12_000 }, 700, 700],
    ['0 at the deployment', {}, { cooldownMs: 0 }, { retryAfterMs: 12_000 }, 0, 0],
    ['0 at the router', { restMs: 0 }, {}, { retryAfterMs: 12_000 }, 0, 0],
    ['the deployment, 0 at the router', { restMs: 0 }, { cooldownMs: 700 }, {}, 700, 0],
    ['disabled', { disabled: true }, { cooldownMs: 700 }, { retryAfterMs: 12_000 }, 0, 0],
  ] as const)('%s', (_name, cooldown, health, options, rest, hold) => {
    const { fail, restOf, holdOf } = setUp({ cooldown, health })
    fail(0, 'rate_limited', options)
    expect([restOf(0), holdOf(0)]).toEqual([rest, hold])
  })

  test('Retry-After holds out one that does not rest', () => {
    const { fail, restOf, holdOf, events } = setUp({ size: 1 })
    fail(0, 'rate_limited', { retryAfterMs: 2_000 })
    expect([restOf(0), holdOf(0)]).toEqual([0, 2_000])
    expect(events).toEqual([])
  })

  test('a shorter rest does not end a longer one', () => {
    const { fail, restOf, clock } = setUp({ cooldown: { allowedFails: 0 } })
    fail(0, 'rate_limited', { retryAfterMs: 60_000 })
    clock.advance(1_000)
    fail(0, 'upstream_error')
    expect(restOf(0)).toBe(59_000)
  })
})
