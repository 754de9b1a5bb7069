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

/** Connects, and brings the tables up to date. */
export async function openPostgresStore(settings: PostgresSettings, { warn }: PostgresParts): Promise<Opened> {
  const pool = new BoundedPool(settings, warn)
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }), plugins: [new ReadIntegers()] })
  try {
    const migrated = await runMigrations(db)
    return { store: new PostgresStore(db), migrated }
  } catch (error) {
    await db.destroy()
    throw Failure.from(error)
  }
}

class PostgresStore implements Store {
  readonly kind = 'postgres'
  readonly db: Kysely<Database>
  readonly authority: SqlAuthority

  constructor(db: Kysely<Database>) {
    this.db = db
    this.authority = new SqlAuthority({ db, transaction: work => this.transaction(work) })
  }

  transaction: Store['transaction'] = async work => {
    for (let repeats = 0; ; repeats++) {
      try {
        return await this.db.transaction().execute(work)
      } catch (error) {
        if (!isRepeatable(error) || repeats >= REPEATS) throw error
      }
    }
  }

  now(): Promise<Ms> {
    return readClock(this.db)
  }

  close(): Promise<void> {
    return this.db.destroy()
  }
}
