import { z } from 'zod'
import type { AuditRow } from '../store/schema.ts'
import { isoTime } from './entity-data.ts'
import { notFound } from './errors.ts'
import { id, queryNumber } from './fields.ts'
import type { Operation } from './operation.ts'
import { ADMIN_READERS } from './role-groups.ts'
import { dateFields, rangeOf } from './spend-range.ts'

const listInput = z.strictObject({
  ...dateFields,
  changed_by: id.optional(),
  action: id.optional(),
  table_name: id.optional(),
  object_id: id.optional(),
  page: queryNumber(1, 100_000).default(1),
  page_size: queryNumber(1, 100).default(10),
})

/** It counts no further. */
const MAX_COUNT = 100_000

/** `GET /audit`: who changed what, the latest first. Without dates that of 400 days. `total` counts to 100,000. */
export const auditList: Operation<z.output<typeof listInput>> = {
  method: 'GET',
  paths: ['/audit'],
  name: 'audit',
  roles: ADMIN_READERS,
  input: listInput,
  async run({ store, clock }, { changed_by, action, table_name, object_id, page, page_size, ...dates }) {
    const { from, until } = rangeOf(dates, clock.now(), 400)
    let query = store.db.selectFrom('audit').where('at', '>=', from).where('at', '<', until)
    if (changed_by !== undefined)
      query = query.where(eb => eb.or([eb('actor', '=', changed_by), eb('on_behalf_of', '=', changed_by)]))
    if (action !== undefined) query = query.where('action', '=', action)
    if (table_name !== undefined) query = query.where('kind', '=', table_name)
    if (object_id !== undefined) query = query.where('subject', '=', object_id)
    const some = query.select('id').limit(MAX_COUNT).as('some')
    const counted = await store.db
      .selectFrom(some)
      .select(eb => eb.fn.countAll().as('total'))
      .executeTakeFirst()
    const rows = await query
      .selectAll()
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(page_size)
      .offset((page - 1) * page_size)
      .execute()
    const total = Number(counted?.total ?? 0)
    return { audit_logs: rows.map(shownAudit), total, page, page_size, total_pages: Math.ceil(total / page_size) }
  },
}

const oneInput = z.strictObject({ id })

/** `GET /audit/{id}` */
export const auditOne: Operation<z.output<typeof oneInput>> = {
  method: 'GET',
  paths: ['/audit/:id'],
  name: 'audit/id',
  roles: ADMIN_READERS,
  input: oneInput,
  async run({ store }, { id }) {
    const row = await store.db.selectFrom('audit').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) throw notFound('audit row', id)
    return shownAudit(row)
  },
}

function shownAudit({ at, actor, on_behalf_of, kind, subject, before, after, ...row }: AuditRow) {
  return {
    id: row.id,
    updated_at: isoTime(at),
    changed_by: on_behalf_of ?? actor,
    changed_by_api_key: actor,
    action: row.action,
    table_name: kind,
    object_id: subject,
    before_value: parsed(before),
    updated_values: parsed(after),
  }
}

function parsed(text: string | null): unknown {
  return text === null ? null : JSON.parse(text)
}
