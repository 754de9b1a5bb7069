import type { Clock, Ms, Random } from '../../core/clock.ts'
import type { StrategyName } from '../../core/settings.ts'
import type { NamedStrategy } from '../strategy.ts'
import { figures } from './figures.ts'

/** The fewest tokens in the current UTC minute, reserved ones included; random among equals. Both of LiteLLM's names mean it. */
export function usageBased(name: StrategyName, clock: Clock, random: Random): NamedStrategy {
  let epoch: Ms = 0
  const used = figures(({ vitals }) => vitals.tokensThisMinute(epoch), clock)
  return {
    name,
    pick(candidates) {
      epoch = clock.now()
      const standing = used(candidates)
      return standing.any(standing.least, random)
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
