import { Kysely, PostgresDialect } from 'kysely'
import type { Clock, Ms } from '../../core/clock.ts'
import { Failure } from '../../core/failure.ts'
import type { StoreSettings } from '../../core/money-settings.ts'
import { readClock } from '../dialect.ts'
import { type MigrationReport, runMigrations } from '../migrations/run-migrations.ts'
import { ReadIntegers } from '../read-integers.ts'
import type { Database } from '../schema.ts'
import { SqlAuthority } from '../sql-authority.ts'
import type { Store } from '../store.ts'
import { BoundedPool } from './bounded-pool.ts'
import { isRepeatable } from './postgres-failure.ts'

export type PostgresSettings = Extract<StoreSettings, { kind: 'postgres' }>

interface Opened {
  readonly store: Store
  readonly migrated: MigrationReport
}

export interface PostgresParts {
  readonly clock: Clock
  readonly warn: (message: string) => void
}

/** How often a transaction is begun again that PostgreSQL has broken off for the sake of another. */
const REPEATS = 5

/**
 * Connects, and brings the tables up to date. Half of the connections are for calls alone: however long reports and management
 * take with the others, keys are looked up, leases borrowed and rows written.
 */
export async function openPostgresStore(settings: PostgresSettings, { warn }: PostgresParts): Promise<Opened> {
  const forCalls = Math.max(Math.floor(settings.poolSize / 2), 1)
  const connect = (poolSize: number) => kyselyOf(new BoundedPool({ ...settings, poolSize }, warn))
  const calls = connect(forCalls)
  const db = connect(Math.max(settings.poolSize - forCalls, 1))
  try {
    const migrated = await runMigrations(db)
    return { store: new PostgresStore(db, calls), migrated }
  } catch (error) {
    await Promise.all([db.destroy(), calls.destroy()])
    throw Failure.from(error)
  }
}

function kyselyOf(pool: BoundedPool): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }), plugins: [new ReadIntegers()] })
}

class PostgresStore implements Store {
  readonly kind = 'postgres'
  readonly db: Kysely<Database>
  readonly calls: Kysely<Database>
  readonly authority: SqlAuthority
  readonly transaction: Store['transaction']

  constructor(db: Kysely<Database>, calls: Kysely<Database>) {
    this.db = db
    this.calls = calls
    this.transaction = transactionsOf(db)
    this.authority = new SqlAuthority({ db: calls, transaction: transactionsOf(calls) })
  }

  now(): Promise<Ms> {
    return readClock(this.db)
  }

  async close(): Promise<void> {
    await Promise.all([this.db.destroy(), this.calls.destroy()])
  }
}

const transactionsOf =
  (db: Kysely<Database>): Store['transaction'] =>
  async work => {
    for (let repeats = 0; ; repeats++) {
      try {
        return await db.transaction().execute(work)
      } catch (error) {
        if (!isRepeatable(error) || repeats >= REPEATS) throw error
      }
    }
  }
