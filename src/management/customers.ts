import { z } from 'zod'
import type { CustomerRow } from '../store/schema.ts'
import { budgetFields, limitFields, withoutEffect } from './budget-fields.ts'
import { type Changed, writeChange } from './change.ts'
import {
  blankCustomer,
  insertCustomer,
  lockCustomer,
  oneShownCustomer,
  type ShownCustomer,
  setCustomerBudgets,
  setCustomerSpend,
  shownCustomers,
} from './customer-rows.ts'
import { dropBudgetsOf } from './entity-budgets.ts'
import { auditable, patched, readData } from './entity-data.ts'
import { badRequest, notFound } from './errors.ts'
import { id, usd } from './fields.ts'
import { wholeFields, wholeList } from './listing.ts'
import type { Operation } from './operation.ts'
import { makerOf } from './people.ts'
import { ADMIN_READERS, ADMINS } from './role-groups.ts'

const fields = {
  ...budgetFields,
  ...limitFields,
  user_id: id,
  alias: id.nullish(),
  blocked: z.boolean().nullish(),
  budget_id: id.nullish(),
  spend: usd.nullish(),
  allowed_model_region: withoutEffect(),
  default_model: withoutEffect(),
} as const

const customerInput = z.strictObject(fields)

type CustomerInput = z.infer<typeof customerInput>

/** LiteLLM calls them customers and end users. */
function paths(last: string): readonly string[] {
  return [`/customer/${last}`, `/end_user/${last}`]
}

/** Describes an end user: `user` of requests, or `x-litellm-end-user-id`. */
export const customerNew: Operation<CustomerInput, ShownCustomer> = {
  method: 'POST',
  paths: paths('new'),
  name: 'customer/new',
  roles: ADMINS,
  input: customerInput,
  run: (context, input) =>
    writeChange(context, 'customer/new', async (trx, now) => {
      const row = after(blankCustomer(input.user_id, context.caller.keyId, now), input)
      if (!(await insertCustomer(trx, row))) throw badRequest(`there is a customer '${row.id}' already`, 'user_id')
      await setCustomerBudgets(trx, row, makerOf(context, now))
      await setCustomerSpend(trx, now, { id: row.id, spend: input.spend })
      const changed: Changed = { kind: 'customer', id: row.id, after: auditable(row) }
      return { result: await oneShownCustomer(trx, row), changed: [changed] }
    }),
}

/** Changes an end user. What is absent stays; null takes away. */
export const customerUpdate: Operation<CustomerInput, ShownCustomer> = {
  method: 'POST',
  paths: paths('update'),
  name: 'customer/update',
  roles: ADMINS,
  input: customerInput,
  run: (context, input) =>
    writeChange(context, 'customer/update', async (trx, now) => {
      const before = await lockCustomer(trx, input.user_id)
      const row = { ...after(before, input), updated_at: now, updated_by: context.caller.keyId }
      const { id: key, ...columns } = row
      await trx.updateTable('customers').set(columns).where('id', '=', key).execute()
      await setCustomerBudgets(trx, row, makerOf(context, now))
      await setCustomerSpend(trx, now, { id: key, spend: input.spend })
      const changed: Changed = { kind: 'customer', id: key, before: auditable(before), after: auditable(row) }
      return { result: await oneShownCustomer(trx, row), changed: [changed] }
    }),
}

function after(before: CustomerRow, input: CustomerInput): CustomerRow {
  const { user_id: _id, alias, blocked, budget_id, spend: _spend, ...data } = input
  return {
    ...before,
    alias: alias === undefined ? before.alias : alias,
    blocked: blocked === undefined ? before.blocked : Number(blocked ?? false),
    plan_id: budget_id === undefined ? before.plan_id : budget_id,
    data: JSON.stringify(patched(readData(before), data)),
  }
}

const infoInput = z.strictObject({ end_user_id: id })

export const customerInfo: Operation<z.infer<typeof infoInput>, ShownCustomer> = {
  method: 'GET',
  paths: paths('info'),
  name: 'customer/info',
  roles: ADMIN_READERS,
  input: infoInput,
  async run({ store: { db } }, { end_user_id }) {
    const row = await db.selectFrom('customers').selectAll().where('id', '=', end_user_id).executeTakeFirst()
    if (!row) throw notFound('customer', end_user_id)
    return oneShownCustomer(db, row)
  },
}

const listInput = z.strictObject(wholeFields)

export const customerList: Operation<z.infer<typeof listInput>, readonly ShownCustomer[]> = {
  method: 'GET',
  paths: paths('list'),
  name: 'customer/list',
  roles: ADMIN_READERS,
  input: listInput,
  async run({ store: { db } }, input) {
    const rows = await wholeList(input, ({ limit, offset }) =>
      db.selectFrom('customers').selectAll().orderBy('id').limit(limit).offset(offset).execute(),
    )
    return shownCustomers(db, rows)
  },
}

const idsInput = z.strictObject({ user_ids: z.array(id).min(1).max(500) })

/** Refuses the calls of end users, also of such as nobody has described. */
export const customerBlock = blocking('block', 1)
export const customerUnblock = blocking('unblock', 0)

function blocking(
  last: 'block' | 'unblock',
  blocked: 0 | 1,
): Operation<z.infer<typeof idsInput>, { blocked_users: readonly ShownCustomer[] }> {
  const name = `customer/${last}`
  return {
    method: 'POST',
    paths: paths(last),
    name,
    roles: ADMINS,
    input: idsInput,
    run: (context, { user_ids }) =>
      writeChange(context, name, async (trx, now) => {
        const { keyId } = context.caller
        const rows: CustomerRow[] = []
        const changed: Changed[] = []
        for (const one of [...new Set(user_ids)].sort()) {
          const blank = blankCustomer(one, keyId, now)
          const isNew = blocked === 1 && (await insertCustomer(trx, blank)) !== undefined
          const before = await lockCustomer(trx, one)
          const row: CustomerRow = { ...before, blocked, updated_at: now, updated_by: keyId }
          const { id: key, ...columns } = row
          await trx.updateTable('customers').set(columns).where('id', '=', key).execute()
          if (isNew) await setCustomerBudgets(trx, row, makerOf(context, now))
          rows.push(row)
          const was = isNew ? {} : { before: auditable(before) }
          changed.push({ kind: 'customer', id: key, ...was, after: auditable(row) })
        }
        return { result: { blocked_users: await shownCustomers(trx, rows) }, changed }
      }),
  }
}

/** Forgets end users: all of them, or none. Those who ask again are strangers, and the default holds for them. */
export const customerDelete: Operation<z.infer<typeof idsInput>, { deleted_customers: number; message: string }> = {
  method: 'POST',
  paths: paths('delete'),
  name: 'customer/delete',
  roles: ADMINS,
  input: idsInput,
  run: (context, { user_ids }) =>
    writeChange(context, 'customer/delete', async trx => {
      const ids = [...new Set(user_ids)].sort()
      const rows = await trx.deleteFrom('customers').where('id', 'in', ids).returningAll().execute()
      const missing = ids.find(one => !rows.some(row => row.id === one))
      if (missing !== undefined) throw notFound('customer', missing)
      await dropBudgetsOf(
        trx,
        ids.map(subject => ({ level: 'end_user', subject })),
      )
      return {
        result: {
          deleted_customers: rows.length,
          message: `Successfully deleted customers with ids: ${ids.join(', ')}`,
        },
        changed: rows.map(row => ({ kind: 'customer', id: row.id, before: auditable(row) })),
      }
    }),
}
