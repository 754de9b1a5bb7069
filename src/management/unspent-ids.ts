import type { Transaction } from 'kysely'
import type { CallerColumn } from '../store/ledger-callers.ts'
import type { Database } from '../store/schema.ts'
import { badRequest } from './errors.ts'

/**
 * Refuses an id under which the ledger has rows: they are those of somebody who was deleted, perhaps of another tenant, and
 * whoever has the id now would see them.
 * @throws Failure `invalid_request`
 */
export async function requireUnspent(trx: Transaction<Database>, column: CallerColumn, id: string): Promise<void> {
  const row = await trx.selectFrom('ledger_callers').select('id').where(column, '=', id).limit(1).executeTakeFirst()
  if (row) throw badRequest(`'${id.slice(0, 100)}' is or was somebody's; take another id`, column)
}
