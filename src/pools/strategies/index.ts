import type { Clock, Random } from '../../core/clock.ts'
import type { StrategySettings } from '../../core/settings.ts'
import type { NamedStrategy } from '../strategy.ts'
import { costBased } from './cost-based.ts'
import { latencyBased } from './latency-based.ts'
import { leastBusy } from './least-busy.ts'
import { simpleShuffle } from './simple-shuffle.ts'
import { usageBased } from './usage-based.ts'

export type { NamedStrategy } from '../strategy.ts'
export { cheapestUnder } from './cheapest-under.ts'
export { costBased } from './cost-based.ts'
export { latencyBased } from './latency-based.ts'
export { leastBusy } from './least-busy.ts'
export { simpleShuffle } from './simple-shuffle.ts'
export { usageBased } from './usage-based.ts'

export interface StrategyDeps {
  readonly clock: Clock
  readonly random: Random
}

/** The strategy that the settings name. Each pool has one of its own, since some of them remember. */
export function createStrategy(settings: StrategySettings, { clock, random }: StrategyDeps): NamedStrategy {
  switch (settings.name) {
    case 'simple-shuffle':
      return simpleShuffle(random)
    case 'least-busy':
      return leastBusy(clock, random)
    case 'latency-based-routing':
      return latencyBased({ buffer: settings.lowestLatencyBuffer, clock, random })
    case 'cost-based-routing':
      return costBased(random)
    case 'usage-based-routing':
    case 'usage-based-routing-v2':
      return usageBased(settings.name, clock, random)
  }
}

/** Usage, latency and cost-based strategies pass over deployments whose minute is used up. */
export function weighsLimits({ name }: NamedStrategy): boolean {
  return name !== 'simple-shuffle' && name !== 'least-busy'
}
