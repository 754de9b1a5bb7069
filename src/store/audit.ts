import type { Kysely } from 'kysely'
import type { AuditRow, Database } from './schema.ts'

/** Notes who changed what, within the transaction of the changes. `before` and `after` are JSON without secrets. */
export async function noteAudits(db: Kysely<Database>, entries: readonly AuditRow[]): Promise<void> {
  if (entries.length > 0) await db.insertInto('audit').values(entries).execute()
}
