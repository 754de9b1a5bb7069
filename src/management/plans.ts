import type { Kysely, Transaction } from 'kysely'
import { z } from 'zod'
import { ulids } from '../core/id.ts'
import type { Json } from '../core/json.ts'
import type { Database, PlanRow } from '../store/schema.ts'
import { budgetFields, limitFields } from './budget-fields.ts'
import { writeChange } from './change.ts'
import { auditable, dataText, madeBy, patched, readData, shownDates, shownFields } from './entity-data.ts'
import { badRequest, notFound } from './errors.ts'
import { id, names } from './fields.ts'
import { wholeFields, wholeList } from './listing.ts'
import type { Operation } from './operation.ts'
import { makerOf } from './people.ts'
import { countReferrers, setReferrersBudgets } from './plan-referrers.ts'
import { ADMIN_READERS, ADMINS } from './role-groups.ts'

const fields = { ...budgetFields, ...limitFields } as const

const FIELDS = Object.keys(fields)

/** A plan as LiteLLM's API shows budgets. Each who refers to it has a window of their own: it has no time of reset. */
function shownPlan(row: PlanRow) {
  return { budget_id: row.id, ...shownFields(readData(row), FIELDS), budget_reset_at: null, ...shownDates(row) }
}

export type ShownPlan = ReturnType<typeof shownPlan>

const newInput = z.strictObject({ ...fields, budget_id: id.nullish() })

/** Makes a plan: terms that keys, members and customers may refer to. */
export const budgetNew: Operation<z.infer<typeof newInput>, ShownPlan> = {
  method: 'POST',
  paths: ['/budget/new'],
  name: 'budget/new',
  roles: ADMINS,
  input: newInput,
  run: (context, { budget_id, ...data }) =>
    writeChange(context, 'budget/new', async (trx, now) => {
      const row: PlanRow = {
        id: budget_id ?? ulids(() => now)(),
        data: dataText(data),
        ...madeBy(context.caller.keyId, now),
      }
      const written = await trx
        .insertInto('plans')
        .values(row)
        .onConflict(conflict => conflict.doNothing())
        .returning('id')
        .executeTakeFirst()
      if (!written) throw badRequest(`there is a budget '${row.id}' already`, 'budget_id')
      return { result: shownPlan(row), changed: [{ kind: 'plan', id: row.id, after: auditable(row) }] }
    }),
}

const updateInput = z.strictObject({ ...fields, budget_id: id })

/** Changes a plan, and with it the budgets of all who refer to it. What is absent stays; null takes away. */
export const budgetUpdate: Operation<z.infer<typeof updateInput>, ShownPlan> = {
  method: 'POST',
  paths: ['/budget/update'],
  name: 'budget/update',
  roles: ADMINS,
  input: updateInput,
  run: (context, { budget_id, ...data }) =>
    writeChange(context, 'budget/update', async (trx, now) => {
      const before = await lockPlan(trx, budget_id)
      const after: PlanRow = {
        ...before,
        data: JSON.stringify(patched(readData(before), data)),
        updated_at: now,
        updated_by: context.caller.keyId,
      }
      const { id: key, ...columns } = after
      await trx.updateTable('plans').set(columns).where('id', '=', key).execute()
      await setReferrersBudgets(trx, makerOf(context, now), after)
      const changed = [{ kind: 'plan' as const, id: key, before: auditable(before), after: auditable(after) }]
      return { result: shownPlan(after), changed }
    }),
}

/** The plan, locked against other changes until the transaction ends. */
async function lockPlan(trx: Transaction<Database>, id: string): Promise<PlanRow> {
  // An update is the lock that SQLite and PostgreSQL both have a word for.
  const row = await trx.updateTable('plans').set({ id }).where('id', '=', id).returningAll().executeTakeFirst()
  if (!row) throw notFound('budget', id)
  return row
}

const infoInput = z.strictObject({ budgets: names.min(1).max(100) })

/** The plans of these ids; unknown ones are left out. */
export const budgetInfo: Operation<z.infer<typeof infoInput>, readonly ShownPlan[]> = {
  method: 'POST',
  paths: ['/budget/info'],
  name: 'budget/info',
  reads: true,
  roles: ADMIN_READERS,
  input: infoInput,
  async run({ store: { db } }, { budgets }) {
    const rows = await db.selectFrom('plans').selectAll().where('id', 'in', budgets).orderBy('id').execute()
    return rows.map(shownPlan)
  },
}

const listInput = z.strictObject(wholeFields)

export const budgetList: Operation<z.infer<typeof listInput>, readonly ShownPlan[]> = {
  method: 'GET',
  paths: ['/budget/list'],
  name: 'budget/list',
  roles: ADMIN_READERS,
  input: listInput,
  async run({ store: { db } }, input) {
    const rows = await wholeList(input, ({ limit, offset }) =>
      db.selectFrom('plans').selectAll().orderBy('id').limit(limit).offset(offset).execute(),
    )
    return rows.map(shownPlan)
  },
}

const settingsInput = z.strictObject({ budget_id: id })

/** What each field of a plan means, and what it says. */
export const budgetSettings: Operation<z.infer<typeof settingsInput>> = {
  method: 'GET',
  paths: ['/budget/settings'],
  name: 'budget/settings',
  roles: ADMIN_READERS,
  input: settingsInput,
  async run({ store: { db } }, { budget_id }) {
    const data = readData(await planOf(db, budget_id))
    return Object.entries(MEANINGS).map(([field_name, [field_type, field_description]]) => ({
      field_name,
      field_type,
      field_description,
      field_value: data[field_name] ?? (null satisfies Json),
      stored_in_db: data[field_name] !== undefined,
      field_default_value: null,
    }))
  },
}

const MEANINGS: Readonly<Record<string, readonly [type: string, meaning: string]>> = {
  max_budget: ['Float', 'US dollars that may be spent; 0 lets nothing through'],
  soft_budget: ['Float', 'US dollars from which on it is announced, and nothing refused'],
  budget_duration: ['String', 'how long it runs before it begins again: 30s, 45m, 12h, 30d, 1mo, daily, monthly'],
  model_max_budget: ['Object', 'US dollars per model'],
  budget_limits: ['List', 'further windows beside it'],
  max_parallel_requests: ['Integer', 'calls under way at once'],
  tpm_limit: ['Integer', 'tokens per minute'],
  rpm_limit: ['Integer', 'requests per minute'],
}

export async function planOf(db: Kysely<Database>, id: string): Promise<PlanRow> {
  const row = await db.selectFrom('plans').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('budget', id)
  return row
}

const deleteInput = z.strictObject({ id })

/** Deletes a plan that nobody refers to: whoever does would be left without bounds. */
export const budgetDelete: Operation<z.infer<typeof deleteInput>, ShownPlan> = {
  method: 'POST',
  paths: ['/budget/delete'],
  name: 'budget/delete',
  roles: ADMINS,
  input: deleteInput,
  run: (context, input) =>
    writeChange(context, 'budget/delete', async trx => {
      const row = await lockPlan(trx, input.id)
      const count = await countReferrers(trx, row.id)
      if (count > 0)
        throw badRequest(
          `${count} keys, members or customers refer to budget '${row.id}'; give them another first`,
          'id',
        )
      await trx.deleteFrom('plans').where('id', '=', row.id).execute()
      return { result: shownPlan(row), changed: [{ kind: 'plan', id: row.id, before: auditable(row) }] }
    }),
}
