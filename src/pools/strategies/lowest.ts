import type { Random } from '../../core/clock.ts'
import type { Candidate, Candidates } from '../strategy.ts'
import { randomIndex } from './random-index.ts'

/** The candidate with the lowest figure, at random among equals. Two passes, no allocation; the figure must not change in between. */
export function lowest(candidates: Candidates, figure: (candidate: Candidate) => number, random: Random): Candidate {
  let least = Number.POSITIVE_INFINITY
  let ties = 0
  for (const candidate of candidates) {
    const value = figure(candidate)
    if (value < least) {
      least = value
      ties = 1
    } else if (value === least) ties++
  }
  return nth(candidates, randomIndex(ties, random), candidate => figure(candidate) === least)
}

/** The candidate number `index` (from 0) of those that fit. */
export function nth(candidates: Candidates, index: number, fits: (candidate: Candidate) => boolean): Candidate {
  let left = index
  for (const candidate of candidates) if (fits(candidate) && left-- === 0) return candidate
  return candidates[0]
}
