import type { Transaction } from 'kysely'
import { dataOf, type KeyData } from '../access/fields.ts'
import { keySubject } from '../access/key-subject.ts'
import type { Database, KeyRow } from '../store/schema.ts'
import type { Changed } from './change.ts'
import { dropBudgetsOf } from './entity-budgets.ts'
import { auditable } from './entity-data.ts'

/** Ids per statement: SQLite binds at most 32,766 values. */
const BATCH = 500

/** Deletes the keys that have one of these values in a column, their budgets too. The answer is for the audit. */
export async function removeKeys(
  trx: Transaction<Database>,
  column: 'user_id' | 'team_id' | 'organization_id',
  values: readonly string[],
): Promise<readonly Changed[]> {
  const removed: KeyRow[] = []
  for (let at = 0; at < values.length; at += BATCH) {
    const some = values.slice(at, at + BATCH)
    removed.push(...(await trx.deleteFrom('keys').where(column, 'in', some).returningAll().execute()))
  }
  return forgetKeys(trx, removed)
}

/** Deletes a user's keys of one team, as when they leave it. */
export async function removeMemberKeys(
  trx: Transaction<Database>,
  { teamId, userId }: { readonly teamId: string; readonly userId: string },
): Promise<readonly Changed[]> {
  const removed = await trx
    .deleteFrom('keys')
    .where('team_id', '=', teamId)
    .where('user_id', '=', userId)
    .returningAll()
    .execute()
  return forgetKeys(trx, removed)
}

/** Drops the budgets of deleted keys. The answer is for the audit. */
export async function forgetKeys(trx: Transaction<Database>, removed: readonly KeyRow[]): Promise<readonly Changed[]> {
  await dropBudgetsOf(
    trx,
    removed.map(({ id, data }) => ({ level: 'key', subject: keySubject(id, dataOf<KeyData>(data)) })),
  )
  return removed.map(key => ({ kind: 'key', id: key.id, before: auditable(key) }))
}
