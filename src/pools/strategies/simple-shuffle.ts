import type { Random } from '../../core/clock.ts'
import type { Candidate, Candidates, NamedStrategy } from '../strategy.ts'
import { randomIndex } from './random-index.ts'

type Measure = 'weight' | 'rpm' | 'tpm'

const measures: readonly Measure[] = ['weight', 'rpm', 'tpm']

/** A list of candidates with its weights summed up: element i is the sum up to and with candidate i. */
interface Shares {
  readonly of: readonly Candidate[]
  readonly measure: Measure | undefined
  readonly sums: Float64Array
}

/**
 * Random, weighted by `weight` where any candidate has one above 0, else by `rpm`, else by `tpm`; a candidate without
 * the deciding number then gets nothing. Without any of them all are equal. While the list stays the same one, a pick
 * among n candidates takes O(log n).
 */
export function simpleShuffle(random: Random): NamedStrategy {
  let shares: Shares = { of: [], measure: undefined, sums: new Float64Array() }
  const sharesOf = (candidates: readonly Candidate[]) => {
    if (shares.of !== candidates) shares = share(candidates)
    return shares
  }
  return {
    name: 'simple-shuffle',
    pick(candidates) {
      const { measure, sums } = sharesOf(candidates)
      const index = measure ? search(sums, random()) : randomIndex(candidates.length, random)
      return candidates[index] ?? candidates[0]
    },
    reason(_chosen, candidates) {
      const { measure } = sharesOf(candidates)
      return `shuffled among ${candidates.length}${measure ? ` by ${measure}` : ''}`
    },
    explain: candidates => explain(candidates, sharesOf(candidates)),
  }
}

function share(candidates: readonly Candidate[]): Shares {
  const measure = measures.find(name => candidates.some(candidate => (candidate.deployment.selection[name] ?? 0) > 0))
  const sums = new Float64Array(measure ? candidates.length : 0)
  let sum = 0
  if (measure) {
    candidates.forEach(({ deployment }, index) => {
      sum += Math.max(0, deployment.selection[measure] ?? 0)
      sums[index] = sum
    })
  }
  return { of: candidates, measure, sums }
}

/** The first index whose sum is above that part of the whole: one without weight is never found. */
function search(sums: Float64Array, part: number): number {
  const mark = part * (sums.at(-1) ?? 0)
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sums[middle] ?? 0) > mark) high = middle
    else low = middle + 1
  }
  return low
}

function explain(candidates: Candidates, { measure, sums }: Shares): void {
  const total = sums.at(-1) ?? 0
  for (const candidate of candidates) {
    const weight = measure ? Math.max(0, candidate.deployment.selection[measure] ?? 0) : 1
    const share = measure ? weight / total : 1 / candidates.length
    candidate.score = weight
    candidate.note = `${measure ? `${measure} ${weight}, ` : ''}${(share * 100).toFixed(1)} % of the calls`
  }
}
