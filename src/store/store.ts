import type { Kysely, Transaction } from 'kysely'
import type { Ms } from '../core/clock.ts'
import type { Authority } from '../ledger/authority.ts'
import type { Database } from './schema.ts'

/** An open store, its tables up to date. */
export interface Store {
  readonly kind: 'sqlite' | 'postgres'
  /** For reports and management: for reading, and for writes of one statement. It may take as long as it likes. */
  readonly db: Kysely<Database>
  /** For what a call waits for, its caller and its budgets: apart, so that no report keeps calls waiting. */
  readonly calls: Kysely<Database>
  /** All of the work or nothing. It waits for no other transaction longer than the store's limit. */
  transaction<Result>(work: (trx: Transaction<Database>) => Promise<Result>): Promise<Result>
  /** Epoch ms by the store's clock. */
  now(): Promise<Ms>
  readonly authority: Authority
  close(): Promise<void>
}
