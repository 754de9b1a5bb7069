import type { Clock, Random } from '../../core/clock.ts'
import type { Candidate, Candidates } from '../strategy.ts'
import { randomIndex } from './random-index.ts'
import { Ranking } from './ranking.ts'

/** What a candidate is judged by: smaller is better, Infinity for not at all. */
export type Figure = (candidate: Candidate) => number

/** Candidates, as they stand by a figure. To be asked at once: the figures must not change in between. */
export interface Figures {
  /** The smallest. */
  readonly least: number
  /** How many have no more than this. */
  upTo(limit: number): number
  /** One of those, each as likely as the other. There must be one. */
  any(limit: number, random: Random): Candidate
}

/** So many are ranked: fewer are looked through in less time than it takes to keep them in order. */
const RANKED_FROM = 32

/**
 * How candidates stand by a figure. Many that come again, as the same list, are kept in its order: 1,000 take 1 µs then instead
 * of 10 to 40. Those that are asked about once (without the one that has just failed) are looked through.
 */
export function figures(figure: Figure, clock: Clock): (candidates: Candidates) => Figures {
  const known = new WeakMap<Candidates, Ranking | undefined>()
  return candidates => {
    if (candidates.length < RANKED_FROM) return new LookedThrough(candidates, figure)
    let ranking = known.get(candidates)
    if (!ranking && known.has(candidates)) ranking = new Ranking(candidates, figure, clock)
    known.set(candidates, ranking)
    if (!ranking) return new LookedThrough(candidates, figure)
    ranking.update()
    return ranking
  }
}

/** Two passes, no copy. */
class LookedThrough implements Figures {
  readonly #candidates: Candidates
  readonly #figure: Figure

  constructor(candidates: Candidates, figure: Figure) {
    this.#candidates = candidates
    this.#figure = figure
  }

  get least(): number {
    let least = Number.POSITIVE_INFINITY
    for (const candidate of this.#candidates) least = Math.min(least, this.#figure(candidate))
    return least
  }

  upTo(limit: number): number {
    let count = 0
    for (const candidate of this.#candidates) if (this.#figure(candidate) <= limit) count++
    return count
  }

  any(limit: number, random: Random): Candidate {
    let left = randomIndex(this.upTo(limit), random)
    for (const candidate of this.#candidates) if (this.#figure(candidate) <= limit && left-- === 0) return candidate
    return this.#candidates[0]
  }
}
