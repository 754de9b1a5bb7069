import { type Kysely, sql } from 'kysely'
import { Failure } from '../../core/failure.ts'
import { isPostgres, readClock } from '../dialect.ts'
import type { Database } from '../schema.ts'
import { tables } from './0001-tables.ts'
import { usageDetails } from './0002-usage-details.ts'
import type { Migration } from './migration.ts'

/** All steps, in order. */
const MIGRATIONS: readonly Migration[] = [tables, usageDetails]

/** Any number that other programs in the same database are unlikely to lock; spells "tollgate" in base 36, cut to 32 bits. */
const LOCK = 1_783_140_902

/** What `migrate` has done. */
export interface MigrationReport {
  /** Steps that were taken now, in order; none where the tables were up to date. */
  readonly done: readonly string[]
  /** Steps that had been taken before. */
  readonly before: readonly string[]
}

/** Brings the tables up to date, in one transaction. Replicas that start at once wait for the first. */
export async function runMigrations(
  db: Kysely<Database>,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<MigrationReport> {
  return db.transaction().execute(async trx => {
    if (isPostgres(trx)) await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx)
    const before = await taken(trx)
    refuseNewer(before, migrations)
    const pending = migrations.filter(({ name }) => !before.includes(name))
    for (const { name, up } of pending) {
      await up(trx)
      await sql`insert into tollgate_migrations (name, at) values (${name}, ${await readClock(trx)})`.execute(trx)
    }
    return { done: pending.map(({ name }) => name), before }
  })
}

async function taken(db: Kysely<Database>): Promise<string[]> {
  const integer = sql.raw(isPostgres(db) ? 'bigint' : 'integer')
  await sql`create table if not exists tollgate_migrations (name text not null primary key, at ${integer} not null)`.execute(
    db,
  )
  const { rows } = await sql<{ name: string }>`select name from tollgate_migrations order by name`.execute(db)
  return rows.map(({ name }) => name)
}

function refuseNewer(before: readonly string[], migrations: readonly Migration[]): void {
  const unknown = before.filter(name => !migrations.some(migration => migration.name === name))
  if (unknown.length === 0) return
  throw new Failure(
    'unavailable',
    `The store was written by a newer tollgate (it has ${unknown.join(', ')}): install that version, or point this one at another store`,
    { code: 'store_too_new' },
  )
}
