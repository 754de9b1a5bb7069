import { z } from 'zod'
import { setSpent } from '../store/budgets.ts'
import { writeChange } from './change.ts'
import type { Operation } from './operation.ts'
import { ADMINS } from './role-groups.ts'

/** Budgets of one transaction: their rows are locked until it ends, and calls wait for them. */
const BATCH = 50

/** `POST /global/spend/reset`: the budgets of all keys and teams begin again with nothing spent. The ledger stays as it is. */
export const globalSpendReset: Operation = {
  method: 'POST',
  paths: ['/global/spend/reset'],
  name: 'global/spend/reset',
  roles: ADMINS,
  input: z.strictObject({}),
  async run(context) {
    const spent = await context.store.db
      .selectFrom('budgets')
      .select(['id', 'spent'])
      .where('level', 'in', ['key', 'team'])
      .where('spent', '<>', 0n)
      .orderBy('id')
      .execute()
    for (let at = 0; at < spent.length; at += BATCH) {
      await writeChange(context, 'global/spend/reset', async (trx, now) => {
        const batch = spent.slice(at, at + BATCH)
        for (const { id } of batch) await setSpent(trx, now, id, 0n)
        const changed = batch.map(({ id, spent: before }) => ({
          kind: 'budget' as const,
          id,
          before: { spent: before },
          after: { spent: 0n },
        }))
        return { result: undefined, changed }
      })
    }
    return { message: 'Spend for all API Keys and Teams reset successfully', status: 'success' }
  },
}
