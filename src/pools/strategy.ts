import type { Call } from '../core/call.ts'
import type { Deployment, Estimate } from '../core/deployment.ts'
import type { Vitals } from './vitals.ts'

/** A deployment that could take the call, with all that a strategy may judge it by. */
export interface Candidate {
  readonly deployment: Deployment
  readonly vitals: Vitals
  /** What this call may cost here. Reckoned when asked. */
  estimate(call: Call): Estimate
  /** What the strategy thought of it, for `explain`: smaller is better. */
  score?: number
  /** The score with its unit: `412 ms p50`, `$0.000012`, `2 in flight`. */
  note?: string
}

/** At least one. */
export type Candidates = readonly [Candidate, ...Candidate[]]

/** Picks among candidates, of which there is always at least one. Synchronous, and quick: it runs on every attempt. */
export type Strategy = (candidates: Candidates, call: Call) => Candidate

/** A strategy that can tell what it did. Only `pick` and `reason` run on every attempt. */
export interface NamedStrategy {
  /** As in the configuration, and in every `Decision`. */
  readonly name: string
  readonly pick: Strategy
  /** Why `chosen` was picked among these, just now: one sentence for people, without a full stop. */
  reason(chosen: Candidate, candidates: Candidates, call: Call): string
  /** Sets `score` and `note` of each, for people who ask why. */
  explain(candidates: Candidates, call: Call): void
}
