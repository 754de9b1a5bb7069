import { type Moment, showMs } from '../moment.ts'
import type { Candidate } from '../strategy.ts'

/**
 * Those whose latest probe did not fail; all of them when every one's did, because then the probes may be what is wrong.
 * The same list when nobody is left out.
 */
export function byProbe(candidates: readonly Candidate[], moment: Moment): readonly Candidate[] {
  if (!candidates.some(one => isUnwell(one, moment))) return candidates
  const well = candidates.filter(one => !isUnwell(one, moment))
  return well.some(({ deployment }) => !deployment.selection.blocked) ? well : candidates
}

/** Why its probe left one out, in words. */
export function explainProbe({ vitals }: Candidate, { monotonic }: Moment): string {
  const because = vitals.unwellBecause ? ` with ${vitals.unwellBecause.kind}` : ''
  return `its probe failed${because}, which counts ${showMs(vitals.unwellUntil - monotonic)} more`
}

function isUnwell({ vitals }: Candidate, { monotonic }: Moment): boolean {
  return vitals.unwellUntil > monotonic
}
