import type { Random } from '../../core/clock.ts'
import type { Candidate, NamedStrategy } from '../strategy.ts'
import { lowest } from './lowest.ts'

const inFlight = (candidate: Candidate) => candidate.vitals.inFlight

/** The fewest attempts in flight; a stream is in flight to its last byte. Random among equals. */
export function leastBusy(random: Random): NamedStrategy {
  return {
    name: 'least-busy',
    pick: candidates => lowest(candidates, inFlight, random),
    reason: (chosen, { length }) => `least busy of ${length} with ${inFlight(chosen)} in flight`,
    explain(candidates) {
      for (const candidate of candidates) {
        candidate.score = inFlight(candidate)
        candidate.note = `${inFlight(candidate)} in flight`
      }
    },
  }
}
