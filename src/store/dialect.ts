import { type Kysely, PostgresAdapter, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Ms } from '../core/clock.ts'
import type { Database } from './schema.ts'
import { ClockedSqliteAdapter } from './sqlite/clocked-adapter.ts'

/** What PostgreSQL and SQLite say differently. All other statements are the same for both. */

export function isPostgres(db: Kysely<Database>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}

/** Columns of rows that are given as JSON. `integer` has 64 bits and may stand in the JSON as a text of digits. */
export type JsonColumns = Readonly<Record<string, 'text' | 'integer' | 'real'>>

/**
 * `select` of rows from one JSON array, for an `insert`: one parameter and one text of the statement for any number of
 * rows. 64-bit integers are texts in the JSON, because numbers of JSON are read as floats by many.
 */
export function rowsOfJson(db: Kysely<Database>, columns: JsonColumns, json: string): RawBuilder<unknown> {
  const names = Object.keys(columns)
  if (isPostgres(db)) {
    return sql`select ${idList(names)} from json_to_recordset(cast(${json} as json)) as given(${typedList(columns)})`
  }
  const values = names.map(name => {
    const value = sql`value ->> ${sql.lit(name)}`
    return sql`${columns[name] === 'integer' ? sql`cast(${value} as integer)` : value} as ${sql.id(name)}`
  })
  // As binary JSON, and once: otherwise SQLite reads the text of a row anew for each of its columns, at a third the speed.
  return sql`with given as materialized (select jsonb(value) as value from json_each(${json}))
    select ${sql.join(values)} from given where true`
}

export function idList(names: readonly string[]): RawBuilder<unknown> {
  return sql.join(names.map(name => sql.id(name)))
}

/** Columns with PostgreSQL's types. */
export function typedList(columns: JsonColumns): RawBuilder<unknown> {
  return sql.join(Object.entries(columns).map(([name, type]) => sql`${sql.id(name)} ${POSTGRES_TYPES[type]}`))
}

const POSTGRES_TYPES = { text: sql`text`, integer: sql`bigint`, real: sql`double precision` } as const

/** Whether a column, or what is made of one, is one of many texts: one parameter for any number of them. */
export function isOneOf(
  db: Kysely<Database>,
  column: string | RawBuilder<string | null>,
  texts: readonly string[],
): RawBuilder<boolean> {
  const parameter = textsParameter(db, texts)
  const value = typeof column === 'string' ? sql.ref(column) : column
  if (isPostgres(db)) return sql<boolean>`${value} = any(cast(${parameter} as text[]))`
  return sql<boolean>`${value} in (select value from json_each(${parameter}))`
}

/** The parameter of `isOneOf`. */
export function textsParameter(db: Kysely<Database>, texts: readonly string[]): unknown {
  return isPostgres(db) ? texts : JSON.stringify(texts)
}

/** The text under a name in a column that holds a JSON object; null where there is none. */
export function textIn(db: Kysely<Database>, column: string, name: string): RawBuilder<string | null> {
  const json = isPostgres(db) ? sql`cast(${sql.ref(column)} as json)` : sql.ref(column)
  return sql<string | null>`(${json} ->> ${sql.lit(name)})`
}

/** `select` of each of many texts: one parameter for any number of them. */
export function eachOf(db: Kysely<Database>, texts: readonly string[]): RawBuilder<unknown> {
  const parameter = textsParameter(db, texts)
  return isPostgres(db)
    ? sql`select unnest(cast(${parameter} as text[])) as id`
    : sql`select value as id from json_each(${parameter})`
}

/** Locks the rows that a statement reads, in the order in which it reads them. An SQLite transaction is alone anyway. */
export function forUpdate(db: Kysely<Database>): RawBuilder<unknown> {
  return isPostgres(db) ? sql`for update` : sql``
}

/** One transaction at a time goes on with a text, before there is a row of it to lock. */
export async function lockText(trx: Kysely<Database>, text: string): Promise<void> {
  if (isPostgres(trx)) await sql`select pg_advisory_xact_lock(hashtextextended(${text}, 0))`.execute(trx)
}

/** A lock that does not come within so long fails the transaction. An SQLite transaction waits only for its beginning. */
export async function boundLockWaits(trx: Kysely<Database>, ms: Ms): Promise<void> {
  if (isPostgres(trx)) await sql`set local lock_timeout = ${sql.lit(ms)}`.execute(trx)
}

/** Rows that are read stay as they are to the end of the transaction. */
export function forShare(db: Kysely<Database>): RawBuilder<unknown> {
  return isPostgres(db) ? sql`for share` : sql``
}

/** A moment that was read already, as an expression. */
export function moment(now: Ms): RawBuilder<number> {
  return sql<number>`cast(${now} as bigint)`
}

/** The store's clock: PostgreSQL's at the moment of the statement, not of its transaction; for SQLite this host's. */
export function clockOf(db: Kysely<Database>): RawBuilder<number> {
  const { adapter } = db.getExecutor()
  if (adapter instanceof ClockedSqliteAdapter) return moment(adapter.now())
  return sql<number>`cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)`
}

/** Epoch ms by the store's clock. */
export async function readClock(db: Kysely<Database>): Promise<Ms> {
  const { adapter } = db.getExecutor()
  if (adapter instanceof ClockedSqliteAdapter) return adapter.now()
  const { rows } = await sql<{ now_ms: number }>`select ${clockOf(db)} as now_ms`.execute(db)
  return rows[0]?.now_ms ?? 0
}

/** Does the work in the transaction that there is, or in one of its own. */
export function inTransaction<Result>(
  db: Kysely<Database>,
  work: (trx: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  return db.isTransaction ? work(db) : db.transaction().execute((trx: Transaction<Database>) => work(trx))
}
