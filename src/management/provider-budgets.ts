import { z } from 'zod'
import { budgetId } from '../core/budget.ts'
import { limitOf, shownStand, standsOf } from './entity-budgets.ts'
import type { Operation } from './operation.ts'
import { ADMIN_READERS } from './role-groups.ts'

const input = z.strictObject({})

interface ProviderBudget {
  readonly budget_limit: number | null
  readonly time_period: string | null
  readonly spend: number
  readonly budget_reset_at: string | null
}

/** How many providers an answer names at most; a configuration has fewer. */
const MOST = 1_000

/** Where the budgets of providers stand, which the configuration sets. */
export const providerBudgets: Operation<
  z.infer<typeof input>,
  { providers: Readonly<Record<string, ProviderBudget>> }
> = {
  method: 'GET',
  paths: ['/provider/budgets'],
  name: 'provider/budgets',
  roles: ADMIN_READERS,
  input,
  async run({ store: { db } }) {
    const rows = await db
      .selectFrom('budgets')
      .select(['id', 'subject'])
      .where('level', '=', 'provider')
      .orderBy('subject')
      .limit(MOST)
      .execute()
    const own = rows.filter(({ id, subject }) => id === budgetId({ level: 'provider', subject }))
    const stands = await standsOf(db, { level: 'provider', subjects: own.map(({ subject }) => subject) })
    const providers = own.map(({ subject }): [string, ProviderBudget] => {
      const stand = stands.get(subject)
      return [subject, { budget_limit: limitOf(stand), time_period: stand?.period ?? null, ...shownStand(stand) }]
    })
    return { providers: Object.fromEntries(providers) }
  },
}
