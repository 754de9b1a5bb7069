import type { Ms } from '../core/clock.ts'
import { type NanoUsd, showUsd } from '../core/money.ts'
import type { TierSettings } from '../core/settings.ts'

/** What a choice between tiers goes by. */
export interface TierView {
  /** What the call is estimated to cost at the cheap pool's prices; undefined when it has none. */
  readonly estimate: NanoUsd | undefined
  /** The p50 of each deployment of the cheap pool that could take the call; undefined where nothing was measured. */
  readonly cheap: readonly (Ms | undefined)[]
  /** The same of the capable pool. */
  readonly capable: readonly (Ms | undefined)[]
}

/** Which pools stand behind a name, in the order in which they are asked. */
export interface PoolOrder {
  readonly first: string
  /** Asked in turn when the one before failed. */
  readonly rest: readonly string[]
  /** One sentence for people. */
  readonly reason: string
}

/**
 * Which tier a call goes to: the cheap one while its estimate is at most the threshold, else the capable one. When no
 * deployment of that tier has a p50 within the latency threshold and the other tier has one, it is the other's turn.
 * Nobody knows an unmeasured deployment to be slow, so it counts as fast. An estimate that cannot be made decides nothing:
 * the call stays in the cheap tier.
 */
export function chooseTier(settings: TierSettings, view: TierView): PoolOrder {
  const { cheap, capable, costThreshold, latencyThresholdMs = Number.POSITIVE_INFINITY } = settings
  const isCheap = view.estimate === undefined || view.estimate <= costThreshold
  const [first, second] = isCheap ? [cheap, capable] : [capable, cheap]
  const [firstP50s, secondP50s] = isCheap ? [view.cheap, view.capable] : [view.capable, view.cheap]
  const isFast = (p50: Ms | undefined) => (p50 ?? 0) <= latencyThresholdMs
  const because = whyTier(view.estimate, costThreshold, first)
  if (firstP50s.some(isFast) || !secondP50s.some(isFast)) return { first, rest: [second], reason: because }
  const slow = firstP50s.length === 0 ? 'can take it now' : `is within ${latencyThresholdMs} ms p50`
  return { first: second, rest: [first], reason: `${because}, but none of ${first} ${slow}: ${second}` }
}

function whyTier(estimate: NanoUsd | undefined, threshold: NanoUsd, pool: string): string {
  if (estimate === undefined) return `no price to estimate by: ${pool}`
  const side = estimate <= threshold ? 'within' : 'above'
  return `estimated at ${showUsd(estimate)}, ${side} ${showUsd(threshold)}: ${pool}`
}
