import { type Kysely, sql } from 'kysely'
import { isPostgres } from '../dialect.ts'
import type { Database } from '../schema.ts'

/** What a column holds; `?` may be null. */
export type ColumnType = 'text' | 'text?' | 'integer' | 'integer?' | 'real?'

export interface TableShape {
  readonly columns: Readonly<Record<string, ColumnType>>
  readonly key: readonly string[]
  /** Columns of each index; `unique` among those that are not null. */
  readonly indexes?: readonly (readonly string[])[]
  readonly unique?: readonly string[]
}

/** Creates a table and its indexes. SQLite checks the types of its values as PostgreSQL does (STRICT). */
export async function createTable(db: Kysely<Database>, name: string, shape: TableShape): Promise<void> {
  const postgres = isPostgres(db)
  const columns = Object.entries(shape.columns).map(([column, type]) => {
    const kind = type.replace('?', '')
    const stored = postgres && kind === 'integer' ? 'bigint' : postgres && kind === 'real' ? 'double precision' : kind
    return sql`${sql.id(column)} ${sql.raw(stored)} ${sql.raw(type.endsWith('?') ? '' : 'not null')}`
  })
  const key = sql`primary key (${sql.join(shape.key.map(column => sql.id(column)))})`
  await sql`create table ${sql.id(name)} (${sql.join([...columns, key])}) ${sql.raw(postgres ? '' : 'strict')}`.execute(
    db,
  )
  for (const index of shape.indexes ?? []) await createIndex(db, name, { columns: index, unique: false })
  for (const column of shape.unique ?? []) await createIndex(db, name, { columns: [column], unique: true })
}

interface IndexShape {
  readonly columns: readonly string[]
  readonly unique: boolean
}

async function createIndex(db: Kysely<Database>, table: string, { columns, unique }: IndexShape): Promise<void> {
  const name = sql.id(`${table}_by_${columns.join('_')}`)
  const list = sql.join(columns.map(column => sql.id(column)))
  await sql`create ${sql.raw(unique ? 'unique' : '')} index ${name} on ${sql.id(table)} (${list})`.execute(db)
}
