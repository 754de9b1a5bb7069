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

/** Picks among candidates, of which there is always at least one. Synchronous, and quick: it runs on every attempt. */
export type Strategy = (candidates: readonly [Candidate, ...Candidate[]], call: Call) => Candidate
