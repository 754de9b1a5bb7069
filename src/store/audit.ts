import type { Kysely } from 'kysely'
import type { AuditRow, Database } from './schema.ts'

/** Notes who changed what, within the transaction of the change. `before` and `after` are JSON without secrets. */
export async function noteAudit(db: Kysely<Database>, entry: AuditRow): Promise<void> {
  await db.insertInto('audit').values(entry).execute()
}
