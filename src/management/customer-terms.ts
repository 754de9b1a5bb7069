import type { Kysely } from 'kysely'
import { budgetTerms, withDefault } from '../access/budget-terms.ts'
import { dataOf, over, type PlanData } from '../access/fields.ts'
import type { AccessSettings, BudgetDefault } from '../core/access-settings.ts'
import type { CustomerRow, Database, PlanRow } from '../store/schema.ts'
import type { BudgetOwner } from './entity-budgets.ts'

/** What holds for end users of whom nothing is said. */
export interface EndUserStandard {
  readonly plan: PlanData | undefined
  readonly budget: BudgetDefault | undefined
}

export async function endUserStandard(
  db: Kysely<Database>,
  access: AccessSettings | undefined,
): Promise<EndUserStandard> {
  const id = access?.endUserPlan
  const budget = access?.endUserBudget
  if (id === undefined) return { plan: undefined, budget }
  const row = await db.selectFrom('plans').select('data').where('id', '=', id).executeTakeFirst()
  return { plan: row && dataOf<PlanData>(row.data), budget }
}

/** What an end user may spend: what is said for them over what their plan says, and without a limit the standard. */
export function customerOwner(
  customer: CustomerRow,
  plan: Pick<PlanRow, 'data'> | undefined,
  standard: EndUserStandard,
): BudgetOwner {
  const own = over<PlanData>(dataOf<PlanData>(customer.data), dataOf<PlanData>(plan?.data))
  const fields = typeof own.max_budget === 'number' ? own : over<PlanData>(own, standard.plan)
  const of = { level: 'end_user', subject: customer.id, name: customer.alias } as const
  return { ...of, fields, terms: withDefault(budgetTerms(of, fields), standard.budget) }
}
