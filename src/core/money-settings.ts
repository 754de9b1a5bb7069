import type { BudgetTerms } from './budget.ts'
import type { Ms } from './clock.ts'
import type { NanoUsd } from './money.ts'
import type { Secret } from './secret.ts'

/** Where keys, budgets and the ledger live. */
export type StoreSettings =
  | { readonly kind: 'none' }
  | { readonly kind: 'memory' }
  /** One file, relative to the working directory. */
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'postgres'
      readonly url: Secret
      /** Connections at most. Default 10. */
      readonly poolSize: number
      /** Default 5,000 ms. */
      readonly connectTimeoutMs: Ms
      /** No statement runs longer. Default 10,000 ms. */
      readonly statementTimeoutMs: Ms
    }

/** How money is kept. */
export interface MoneySettings {
  /** Budgets that the configuration sets: gateway, providers, deployments, tags. */
  readonly budgets: readonly BudgetTerms[]
  /** Calls of limited callers to deployments without a price: refused (default), let through uncounted, or held at an amount. */
  readonly unpriced: 'refuse' | 'allow' | NanoUsd
  /**
   * Output tokens of one answer that limited calls are bounded to when the client sets no limit; the model's own limit
   * where that is lower. Absent: the model's limit, and 4,096 where nobody knows it.
   */
  readonly outputCap?: number
  /** When the remainder is smaller than the hold: refuse (default), or ask for fewer tokens than the client did. */
  readonly whenShort: 'refuse' | 'lower'
  /** While the store is away, limited keys are refused (default), or spend what this replica has leased. */
  readonly whenAway: 'refuse' | 'spend-leases'
  /** A lease that is not prolonged for so long is over. Default 10,000 ms. */
  readonly leaseMs: Ms
  /** Folder of the journal; each process has a folder in it. */
  readonly journal: string
  /** What is not yet in the store: more than this, and calls are refused. Default 10,000 rows, 32 MiB. */
  readonly backlog: { readonly rows: number; readonly bytes: number }
  /** Told when a soft limit is passed. */
  readonly webhook?: { readonly url: Secret; readonly headers?: Readonly<Record<string, Secret>> }
}
