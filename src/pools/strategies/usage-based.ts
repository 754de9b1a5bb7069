import type { Clock, Random } from '../../core/clock.ts'
import type { StrategyName } from '../../core/settings.ts'
import type { NamedStrategy } from '../strategy.ts'
import { lowest } from './lowest.ts'

/** The fewest tokens in the current UTC minute, reserved ones included; random among equals. Both of LiteLLM's names mean it. */
export function usageBased(name: StrategyName, clock: Clock, random: Random): NamedStrategy {
  return {
    name,
    pick(candidates) {
      const epoch = clock.now()
      return lowest(candidates, ({ vitals }) => vitals.tokensThisMinute(epoch), random)
    },
    reason: ({ vitals }, { length }) =>
      `least used of ${length} with ${vitals.tokensThisMinute(clock.now())} tokens this minute`,
    explain(candidates) {
      const epoch = clock.now()
      for (const candidate of candidates) {
        candidate.score = candidate.vitals.tokensThisMinute(epoch)
        candidate.note = `${candidate.score} tokens this minute`
      }
    },
  }
}
