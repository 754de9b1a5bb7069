import type { Kysely, Transaction } from 'kysely'
import { dataOf, over, type PlanData } from '../access/fields.ts'
import { budgetId } from '../core/budget.ts'
import { usdToNano } from '../core/money.ts'
import { setSpent } from '../store/budgets.ts'
import type { CustomerRow, Database, PlanRow } from '../store/schema.ts'
import { customerOwner, endUserStandard } from './customer-terms.ts'
import { setBudgets, shownStand, standsOf } from './entity-budgets.ts'
import { madeBy, shownDates } from './entity-data.ts'
import { notFound } from './errors.ts'
import type { Maker } from './people.ts'
import { planOf } from './plans.ts'

/** Customers as LiteLLM's API shows them, in their order; their terms are their own over those of their plan. */
export async function shownCustomers(db: Kysely<Database>, rows: readonly CustomerRow[]) {
  const stands = await standsOf(db, { level: 'end_user', subjects: rows.map(({ id }) => id) })
  const plans = await plansOf(db, rows)
  return rows.map(row => {
    const terms = over<PlanData>(dataOf<PlanData>(row.data), dataOf<PlanData>(plans.get(row.plan_id ?? '')?.data))
    const { spend, budget_reset_at } = shownStand(stands.get(row.id))
    return {
      user_id: row.id,
      alias: row.alias,
      blocked: row.blocked === 1,
      spend,
      allowed_model_region: null,
      default_model: null,
      litellm_budget_table: { budget_id: row.plan_id, ...shownTerms(terms), budget_reset_at },
      ...shownDates(row),
    }
  })
}

export type ShownCustomer = Awaited<ReturnType<typeof shownCustomers>>[number]

export async function oneShownCustomer(db: Kysely<Database>, row: CustomerRow): Promise<ShownCustomer> {
  const [shown] = await shownCustomers(db, [row])
  if (!shown) throw new Error('a customer is shown as one')
  return shown
}

function shownTerms(terms: PlanData) {
  return {
    max_budget: terms.max_budget ?? null,
    soft_budget: terms.soft_budget ?? null,
    budget_duration: terms.budget_duration ?? null,
    model_max_budget: terms.model_max_budget ?? null,
    budget_limits: terms.budget_limits ?? null,
    max_parallel_requests: terms.max_parallel_requests ?? null,
    tpm_limit: terms.tpm_limit ?? null,
    rpm_limit: terms.rpm_limit ?? null,
  }
}

async function plansOf(db: Kysely<Database>, rows: readonly CustomerRow[]): Promise<ReadonlyMap<string, PlanRow>> {
  const ids = [...new Set(rows.flatMap(({ plan_id }) => (plan_id === null ? [] : [plan_id])))]
  if (ids.length === 0) return new Map()
  const plans = await db.selectFrom('plans').selectAll().where('id', 'in', ids).execute()
  return new Map(plans.map(plan => [plan.id, plan]))
}

/** The customer, locked against other changes until the transaction ends. */
export async function lockCustomer(trx: Transaction<Database>, id: string): Promise<CustomerRow> {
  // An update is the lock that SQLite and PostgreSQL both have a word for.
  const row = await trx.updateTable('customers').set({ id }).where('id', '=', id).returningAll().executeTakeFirst()
  if (!row) throw notFound('customer', id)
  return row
}

/** Makes a customer of whom nothing is said yet; undefined when there is one. */
export async function insertCustomer(
  trx: Transaction<Database>,
  row: CustomerRow,
): Promise<{ readonly id: string } | undefined> {
  return trx
    .insertInto('customers')
    .values(row)
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
}

export function blankCustomer(id: string, keyId: string, now: number): CustomerRow {
  return { id, alias: null, blocked: 0, plan_id: null, data: '{}', ...madeBy(keyId, now) }
}

/**
 * Makes the budgets of a customer what their fields and their plan say, and where these set none what the configuration
 * does.
 * @throws Failure when there is no such plan
 */
export async function setCustomerBudgets(
  trx: Transaction<Database>,
  row: CustomerRow,
  { now, access }: Pick<Maker, 'now' | 'access'>,
): Promise<void> {
  const plan = row.plan_id === null ? undefined : await planOf(trx, row.plan_id)
  await setBudgets(trx, now, [customerOwner(row, plan, await endUserStandard(trx, access))])
}

export async function setCustomerSpend(
  trx: Transaction<Database>,
  now: number,
  { id, spend }: { readonly id: string; readonly spend: number | null | undefined },
): Promise<void> {
  if (spend === undefined || spend === null) return
  await setSpent(trx, now, budgetId({ level: 'end_user', subject: id }), usdToNano(spend))
}
