import type { Clock, Random } from '../../core/clock.ts'
import type { Candidate, NamedStrategy } from '../strategy.ts'
import { figures } from './figures.ts'

const inFlight = (candidate: Candidate) => candidate.vitals.inFlight

/** The fewest attempts in flight; a stream is in flight to its last byte. Random among equals. */
export function leastBusy(clock: Clock, random: Random): NamedStrategy {
  const busy = figures(inFlight, clock)
  return {
    name: 'least-busy',
    pick(candidates) {
      const standing = busy(candidates)
      return standing.any(standing.least, random)
    },
    reason: (chosen, { length }) => `least busy of ${length} with ${inFlight(chosen)} in flight`,
    explain(candidates) {
      for (const candidate of candidates) {
        candidate.score = inFlight(candidate)
        candidate.note = `${inFlight(candidate)} in flight`
      }
    },
  }
}
