import { describe, expect, it } from 'vitest'
import type { End } from '../core/answer.ts'
import { Failure } from '../core/failure.ts'
import type { ProbeSettings, RoutingSettings } from '../core/settings.ts'
import { FakeClock } from '../testing/index.ts'
import { healthOf } from './deployment-health.ts'
import { attemptOf, boundsOf, callOf, complete, deploymentOf, estimateOf, settingsOf } from './fixtures.ts'
import { createPools } from './pools.ts'
import { NO_PROBES } from './probe.ts'

const [a, b] = [deploymentOf('a'), deploymentOf('b')]
const failed = (kind: Failure['kind']): End => ({ outcome: 'failed', failure: new Failure(kind, 'no') })

function scene(probes: Partial<ProbeSettings> = {}, changes: Partial<RoutingSettings> = {}) {
  const clock = new FakeClock()
  const settings = settingsOf([a, b], { probes: { ...NO_PROBES, steers: true, ...probes }, ...changes })
  const pools = createPools(settings, { clock, random: () => 0, estimate: estimateOf, inputTokenBounds: boundsOf })
  const probe = (deployment: typeof a, end: End) =>
    pools.ward.end(pools.ward.begin(attemptOf(deployment, clock, { ...callOf(), purpose: 'probe' })), end)
  const eligible = () => (pools.resolve('pool')?.eligible(callOf()) ?? []).map(one => one.deployment.id)
  return { clock, pools, probe, eligible, settings }
}

describe('a probe', () => {
  it('that fails keeps calls away until it is old', () => {
    const { probe, eligible, clock, pools } = scene({ staleMs: 1000 })
    probe(a, failed('upstream_error'))
    expect(eligible()).toEqual(['b'])
    const choice = pools.resolve('pool')?.choose(callOf(), { explain: true })
    expect(choice && 'decision' in choice && choice.decision.considered[0]?.excluded).toBe(
      'its probe failed with upstream_error, which counts 1 s more',
    )
    clock.advance(1000)
    expect(eligible()).toEqual(['a', 'b'])
  })

  it('that is answered ends that at once', () => {
    const { probe, eligible } = scene()
    probe(a, failed('unreachable'))
    probe(a, complete)
    expect(eligible()).toEqual(['a', 'b'])
  })

  it('that all of a pool fail keeps nobody away', () => {
    const { probe, eligible } = scene()
    probe(a, failed('upstream_error'))
    probe(b, failed('upstream_error'))
    expect(eligible()).toEqual(['a', 'b'])
  })

  it('is no sample, no failure of a call, and no rest', () => {
    const { probe, pools, clock } = scene()
    probe(a, failed('rate_limited'))
    probe(b, complete)
    const [one, other] = [pools.ward.of(a), pools.ward.of(b)]
    expect([one.failures(0), one.judged(0), one.restingUntil, one.inFlight]).toEqual([0, 0, 0, 0])
    expect(other.p50(clock.monotonic())).toBeUndefined()
    expect(one.requestsThisMinute(clock.now())).toBe(1)
  })

  it('says nothing when it was stopped, and steers nothing where it is not to', () => {
    const { probe, pools, eligible } = scene()
    probe(a, { outcome: 'abandoned', failure: new Failure('cancelled', 'stopped') })
    expect(pools.ward.of(a).probe).toBeUndefined()
    expect(eligible()).toEqual(['a', 'b'])
    for (const settings of [{ steers: false }, { pools: ['other'] }]) {
      const quiet = scene(settings)
      quiet.probe(a, failed('upstream_error'))
      expect(quiet.eligible()).toEqual(['a', 'b'])
      expect(quiet.pools.ward.of(a).probe?.failure?.kind).toBe('upstream_error')
    }
  })

  it.each(['rate_limited', 'timed_out'] as const)('that is %s is ignored where that is wanted', kind => {
    const { probe, eligible, pools, settings } = scene({ ignoresTransient: true })
    probe(a, failed('upstream_error'))
    probe(b, failed(kind))
    probe(a, failed(kind))
    expect(eligible()).toEqual(['b'])
    expect(healthOf(pools.ward.of(b), { probes: settings.probes, now: 0 }).isWell).toBe(true)
  })

  it('feeds the policy of allowed failures, in a window of two rounds', () => {
    const cooldown = { restMs: 5000, disabled: false, policy: { InternalServerError: 1 } }
    const { probe, eligible, clock } = scene({ intervalMs: 300_000 }, { cooldown })
    probe(a, failed('upstream_error'))
    expect(eligible()).toEqual(['a', 'b'])
    clock.advance(301_000)
    probe(a, failed('upstream_error'))
    expect(eligible()).toEqual(['b'])
    clock.advance(5000)
    expect(eligible()).toEqual(['a', 'b'])
  })
})
