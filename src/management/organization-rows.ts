import type { Kysely, Transaction } from 'kysely'
import type { Caller } from '../core/caller.ts'
import type { Database, OrganizationRow } from '../store/schema.ts'
import { requireWithinKey } from './bound-keys.ts'
import { setBudgets } from './entity-budgets.ts'
import { readData } from './entity-data.ts'
import { notAllowed, notFound } from './errors.ts'
import { type Reach, reachOf, seesOrganization } from './reach.ts'

export interface FoundOrganization {
  readonly organization: OrganizationRow
  readonly reach: Reach
}

/** @throws Failure `not_found` when there is none, or none that the caller may know of */
export async function findOrganization(db: Kysely<Database>, caller: Caller, id: string): Promise<FoundOrganization> {
  const reach = await reachOf(db, caller)
  const organization = seesOrganization(reach, id)
    ? await db.selectFrom('organizations').selectAll().where('id', '=', id).executeTakeFirst()
    : undefined
  if (!organization) throw notFound('organization', id)
  return { organization, reach }
}

/** The same for a change, locked against other changes until the transaction ends. */
export async function lockOrganization(
  trx: Transaction<Database>,
  caller: Caller,
  id: string,
): Promise<FoundOrganization> {
  // An update is the lock that SQLite and PostgreSQL both have a word for.
  await trx.updateTable('organizations').set({ id }).where('id', '=', id).execute()
  const found = await findOrganization(trx, caller, id)
  if (found.reach.kind === 'reads') throw notAllowed(`you may see organization '${id}' and not change it`)
  requireWithinKey(caller, { organization_id: id })
  return found
}

export function setOrganizationBudgets(trx: Transaction<Database>, now: number, row: OrganizationRow): Promise<void> {
  return setBudgets(trx, now, [{ level: 'organization', subject: row.id, name: row.alias, fields: readData(row) }])
}
