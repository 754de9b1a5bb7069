import type { Kysely, Transaction } from 'kysely'
import { z } from 'zod'
import { dataOf, type TagData } from '../access/fields.ts'
import type { Database, TagRow } from '../store/schema.ts'
import { budgetFields, limitFields, withoutEffect } from './budget-fields.ts'
import { writeChange } from './change.ts'
import { dropBudgetsOf, setBudgets, shownStand, standsOf } from './entity-budgets.ts'
import { auditable, dataText, madeBy, patched, readData, shownDates, shownFields } from './entity-data.ts'
import { badRequest, notFound } from './errors.ts'
import { id, names, text } from './fields.ts'
import { wholeFields, wholeList } from './listing.ts'
import type { Operation } from './operation.ts'
import { ADMIN_READERS, ADMINS } from './role-groups.ts'

const data = { ...budgetFields, ...limitFields, description: text.nullish(), models: withoutEffect() } as const

const tagInput = z.strictObject({ name: id, ...data, model_info: withoutEffect() })

type TagInput = z.infer<typeof tagInput>

const TERMS = [...Object.keys(budgetFields), ...Object.keys(limitFields)]

/** Tags as LiteLLM's API shows them, in their order. */
async function shownTags(db: Kysely<Database>, rows: readonly TagRow[]) {
  const stands = await standsOf(db, { level: 'tag', subjects: rows.map(({ name }) => name) })
  return rows.map(row => {
    const fields = readData(row)
    const { spend, budget_reset_at } = shownStand(stands.get(row.name))
    return {
      name: row.name,
      description: fields.description ?? null,
      models: fields.models ?? [],
      model_info: null,
      spend,
      litellm_budget_table: { budget_id: null, ...shownFields(fields, TERMS), budget_reset_at },
      ...shownDates(row),
    }
  })
}

export type ShownTag = Awaited<ReturnType<typeof shownTags>>[number]

interface Told {
  readonly message: string
  readonly tag: ShownTag | undefined
}

async function told(trx: Transaction<Database>, row: TagRow, what: string): Promise<Told> {
  const [tag] = await shownTags(trx, [row])
  return { message: `Tag ${row.name} ${what} successfully`, tag }
}

/** Describes a tag of requests, and bounds what is spent under it. */
export const tagNew: Operation<TagInput, Told> = {
  method: 'POST',
  paths: ['/tag/new'],
  name: 'tag/new',
  roles: ADMINS,
  input: tagInput,
  run: (context, { name, ...fields }) =>
    writeChange(context, 'tag/new', async (trx, now) => {
      const row: TagRow = { name, data: dataText(fields), ...madeBy(context.caller.keyId, now) }
      const written = await trx
        .insertInto('tags')
        .values(row)
        .onConflict(conflict => conflict.doNothing())
        .returning('name')
        .executeTakeFirst()
      if (!written) throw badRequest(`there is a tag '${name}' already`, 'name')
      await setTagBudgets(trx, now, row)
      return { result: await told(trx, row, 'created'), changed: [{ kind: 'tag', id: name, after: auditable(row) }] }
    }),
}

/** Changes a tag. What is absent stays; null takes away. */
export const tagUpdate: Operation<TagInput, Told> = {
  method: 'POST',
  paths: ['/tag/update'],
  name: 'tag/update',
  roles: ADMINS,
  input: tagInput,
  run: (context, { name, ...fields }) =>
    writeChange(context, 'tag/update', async (trx, now) => {
      const before = await lockTag(trx, name)
      const row: TagRow = {
        ...before,
        data: JSON.stringify(patched(readData(before), fields)),
        updated_at: now,
        updated_by: context.caller.keyId,
      }
      const { name: key, ...columns } = row
      await trx.updateTable('tags').set(columns).where('name', '=', key).execute()
      await setTagBudgets(trx, now, row)
      const changed = [{ kind: 'tag' as const, id: key, before: auditable(before), after: auditable(row) }]
      return { result: await told(trx, row, 'updated'), changed }
    }),
}

/** The tag, locked against other changes until the transaction ends. */
async function lockTag(trx: Transaction<Database>, name: string): Promise<TagRow> {
  // An update is the lock that SQLite and PostgreSQL both have a word for.
  const row = await trx.updateTable('tags').set({ name }).where('name', '=', name).returningAll().executeTakeFirst()
  if (!row) throw notFound('tag', name)
  return row
}

function setTagBudgets(trx: Transaction<Database>, now: number, row: TagRow): Promise<void> {
  return setBudgets(trx, now, [{ level: 'tag', subject: row.name, fields: dataOf<TagData>(row.data) }])
}

const infoInput = z.strictObject({ names: names.min(1).max(100) })

/** Tags by their names. */
export const tagInfo: Operation<z.infer<typeof infoInput>, Readonly<Record<string, ShownTag>>> = {
  method: 'POST',
  paths: ['/tag/info'],
  name: 'tag/info',
  reads: true,
  roles: ADMIN_READERS,
  input: infoInput,
  async run({ store: { db } }, input) {
    const rows = await db.selectFrom('tags').selectAll().where('name', 'in', input.names).orderBy('name').execute()
    const missing = input.names.find(name => !rows.some(row => row.name === name))
    if (missing !== undefined) throw notFound('tag', missing)
    return Object.fromEntries((await shownTags(db, rows)).map(tag => [tag.name, tag]))
  },
}

const listInput = z.strictObject(wholeFields)

export const tagList: Operation<z.infer<typeof listInput>, readonly ShownTag[]> = {
  method: 'GET',
  paths: ['/tag/list'],
  name: 'tag/list',
  roles: ADMIN_READERS,
  input: listInput,
  async run({ store: { db } }, input) {
    const rows = await wholeList(input, ({ limit, offset }) =>
      db.selectFrom('tags').selectAll().orderBy('name').limit(limit).offset(offset).execute(),
    )
    return shownTags(db, rows)
  },
}

const deleteInput = z.strictObject({ name: id })

export const tagDelete: Operation<z.infer<typeof deleteInput>, { message: string }> = {
  method: 'POST',
  paths: ['/tag/delete'],
  name: 'tag/delete',
  roles: ADMINS,
  input: deleteInput,
  run: (context, { name }) =>
    writeChange(context, 'tag/delete', async trx => {
      const before = await lockTag(trx, name)
      await trx.deleteFrom('tags').where('name', '=', name).execute()
      await dropBudgetsOf(trx, [{ level: 'tag', subject: name }])
      return {
        result: { message: `Tag ${name} deleted successfully` },
        changed: [{ kind: 'tag', id: name, before: auditable(before) }],
      }
    }),
}
