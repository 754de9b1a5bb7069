import { type Kysely, sql } from 'kysely'
import { isPostgres } from '../dialect.ts'
import type { Database } from '../schema.ts'

/** Makes a table refuse to change or delete rows: what must be corrected gets a row of its own. */
export async function appendOnly(db: Kysely<Database>, table: 'ledger' | 'audit'): Promise<void> {
  const message = `rows of the ${table} are never changed or deleted: correct them by further rows`
  if (!isPostgres(db)) {
    for (const action of ['update', 'delete'])
      await sql`create trigger ${sql.id(`${table}_no_${action}`)} before ${sql.raw(action)} on ${sql.id(table)}
        begin select raise(abort, ${sql.lit(message)}); end`.execute(db)
    return
  }
  const refuse = sql.id(`${table}_refuse`)
  await sql`create function ${refuse}() returns trigger language plpgsql as
    ${sql.lit(`begin raise exception '${message}'; end`)}`.execute(db)
  await sql`create trigger ${sql.id(`${table}_append_only`)} before update or delete on ${sql.id(table)}
    for each row execute function ${refuse}()`.execute(db)
  await sql`create trigger ${sql.id(`${table}_no_truncate`)} before truncate on ${sql.id(table)}
    for each statement execute function ${refuse}()`.execute(db)
}
