import type { Call } from '../../core/call.ts'
import type { Clock, Ms, Random } from '../../core/clock.ts'
import { showUsd } from '../../core/money.ts'
import type { Candidate, Candidates, NamedStrategy } from '../strategy.ts'
import { cheapest, explainCost } from './cost-based.ts'
import { latencyOf, showLatency } from './latency-based.ts'

/**
 * The cheapest whose p50 is at most `latencyThresholdMs` (undefined: any speed will do); one that nobody has measured
 * counts as fast. When all are too slow, the cheapest of all. It chooses within a tier.
 */
export function cheapestUnder(
  latencyThresholdMs: Ms | undefined,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): NamedStrategy {
  const limit = latencyThresholdMs ?? Number.POSITIVE_INFINITY
  const isFast = (one: Candidate, call: Call) => (latencyOf(one, call, clock.monotonic()) ?? 0) <= limit
  return {
    name: 'tier',
    pick(candidates, call) {
      if (limit === Number.POSITIVE_INFINITY) return cheapest(candidates, call, random)
      const [first, ...others] = candidates.filter(one => isFast(one, call))
      return cheapest(first ? [first, ...others] : candidates, call, random)
    },
    reason: (chosen, candidates, call) => reason(chosen, candidates, { call, isFast, limit }),
    explain(candidates, call) {
      for (const candidate of candidates) explain(candidate, call, clock.monotonic())
    },
  }
}

interface Terms {
  readonly call: Call
  readonly limit: Ms
  isFast(candidate: Candidate, call: Call): boolean
}

function reason(chosen: Candidate, { length }: Candidates, { call, limit, isFast }: Terms): string {
  const { cost } = chosen.estimate(call)
  const price = cost === undefined ? 'without a price' : `at ${showUsd(cost)}`
  if (limit === Number.POSITIVE_INFINITY) return `cheapest of ${length} ${price}`
  if (isFast(chosen, call)) return `cheapest of ${length} under ${limit} ms p50 ${price}`
  return `cheapest of ${length} ${price}, as none is under ${limit} ms p50`
}

function explain(candidate: Candidate, call: Call, now: Ms): void {
  explainCost(candidate, call)
  const p50 = latencyOf(candidate, call, now)
  candidate.note = `${candidate.note}, ${p50 === undefined ? 'not measured yet' : showLatency(p50)}`
}
