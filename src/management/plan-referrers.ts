import type { Transaction } from 'kysely'
import { keyBudgetTerms } from '../access/budget-terms.ts'
import { dataOf, type KeyData, over, type PlanData } from '../access/fields.ts'
import { keySubject } from '../access/key-subject.ts'
import type { Ms } from '../core/clock.ts'
import type { CustomerRow, Database, KeyRow, PlanRow } from '../store/schema.ts'
import { customerOwner, endUserStandard } from './customer-terms.ts'
import { type BudgetOwner, setBudgets } from './entity-budgets.ts'
import type { Maker } from './people.ts'
import { setMemberBudgets } from './team-rows.ts'

/** Rows that are read at once: a plan may be that of a million customers. */
const BATCH = 500

/** Makes the budgets of all who refer to a plan what it says now. */
export async function setReferrersBudgets(
  trx: Transaction<Database>,
  { now, access }: Pick<Maker, 'now' | 'access'>,
  plan: PlanRow,
): Promise<void> {
  const standard = await endUserStandard(trx, access)
  await inBatches(
    after => keysOf(trx, plan.id, after),
    keys =>
      setBudgets(
        trx,
        now,
        keys.map(key => keyOwner(key, plan, now)),
      ),
  )
  await inBatches(
    after => customersOf(trx, plan.id, after),
    customers =>
      setBudgets(
        trx,
        now,
        customers.map(customer => customerOwner(customer, plan, standard)),
      ),
  )
  await setMembers(trx, now, plan)
}

/** Reads rows by their ids, in order, until there are no more. */
async function inBatches<Row extends { readonly id: string }>(
  read: (after: string) => Promise<readonly Row[]>,
  take: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  let rows = await read('')
  while (rows.length > 0) {
    await take(rows)
    const last = rows.at(-1)
    rows = last && rows.length === BATCH ? await read(last.id) : []
  }
}

function keysOf(trx: Transaction<Database>, plan: string, after: string): Promise<readonly KeyRow[]> {
  return trx
    .selectFrom('keys')
    .selectAll()
    .where('plan_id', '=', plan)
    .where('id', '>', after)
    .orderBy('id')
    .limit(BATCH)
    .execute()
}

function customersOf(trx: Transaction<Database>, plan: string, after: string): Promise<readonly CustomerRow[]> {
  return trx
    .selectFrom('customers')
    .selectAll()
    .where('plan_id', '=', plan)
    .where('id', '>', after)
    .orderBy('id')
    .limit(BATCH)
    .execute()
}

function keyOwner(key: KeyRow, plan: PlanRow, now: Ms): BudgetOwner {
  const fields = over<KeyData>(dataOf<KeyData>(key.data), dataOf<PlanData>(plan.data))
  const subject = keySubject(key.id, fields)
  const terms = keyBudgetTerms({ subject, name: key.alias ?? key.name }, fields, now)
  return { level: 'key', subject, fields, terms }
}

async function setMembers(trx: Transaction<Database>, now: Ms, plan: PlanRow): Promise<void> {
  const rows = await trx.selectFrom('team_members').selectAll().where('plan_id', '=', plan.id).execute()
  const ids = [...new Set(rows.map(row => row.team_id))]
  for (const id of ids) {
    const team = await trx.selectFrom('teams').selectAll().where('id', '=', id).executeTakeFirst()
    const members = rows.filter(row => row.team_id === id)
    if (team) await setMemberBudgets(trx, now, { team, members })
  }
}

/** How many refer to a plan. */
export async function countReferrers(trx: Transaction<Database>, plan: string): Promise<number> {
  let total = 0
  for (const table of ['keys', 'customers', 'team_members'] as const) {
    const { count } = await trx
      .selectFrom(table)
      .select(rows => rows.fn.countAll<number>().as('count'))
      .where('plan_id', '=', plan)
      .executeTakeFirstOrThrow()
    total += Number(count)
  }
  return total
}
