/** What is known of a pool as a whole, for those who choose between pools. */
export interface PoolFacts {
  /** The smallest context window that its deployments declare, in tokens; undefined when none does. */
  readonly window: number | undefined
  /** Whether its deployments see pictures: all of them declare it, or one denies it; undefined otherwise. */
  readonly sees: boolean | undefined
}
