import type { Deployment, Estimate } from './deployment.ts'

/** Why one deployment was chosen: kept with the attempt, shown by `explain`, written into the trace. */
export interface Decision {
  /** The pool it was chosen from. */
  readonly pool: string
  /** The name of the strategy that chose. */
  readonly strategy: string
  readonly chosen: Deployment
  /** One sentence for people. */
  readonly reason: string
  /** Deployments of the pool, in file order: all of them where people ask. Empty when nobody asked for explanations. */
  readonly considered: readonly Considered[]
  /** How many more there are, of which only the explanation on demand tells. Default 0. */
  readonly untold?: number
  /** Why the call came to this pool, when it is not the one asked for. */
  readonly because?: string
}

/** What was thought of one deployment. */
export interface Considered {
  readonly deployment: Deployment
  /** Absent when it was a candidate. */
  readonly excluded?: string
  /** The strategy's figure; smaller is better unless the strategy says otherwise. */
  readonly score?: number
  /** What the score is, with its unit: `412 ms p50`, `$0.000012`, `weight 3`. */
  readonly note?: string
  readonly estimate?: Estimate
}
