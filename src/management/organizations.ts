import { z } from 'zod'
import { ulids } from '../core/id.ts'
import type { OrganizationRow } from '../store/schema.ts'
import { budgetFields, limitFields, withoutEffect } from './budget-fields.ts'
import { type Changed, writeChange } from './change.ts'
import { dropBudgetsOf } from './entity-budgets.ts'
import { auditable, dataText, madeBy, patched, readData } from './entity-data.ts'
import { badRequest, notFound } from './errors.ts'
import { id, metadata, names } from './fields.ts'
import { foreignFields } from './foreign-fields.ts'
import { removeKeys } from './key-removal.ts'
import { wholeFields, wholeList } from './listing.ts'
import type { Operation } from './operation.ts'
import { findOrganization, lockOrganization, setOrganizationBudgets } from './organization-rows.ts'
import { organizationDetails, shownOrganizations } from './organization-view.ts'
import { reachOf } from './reach.ts'
import { ADMINS, READERS, WRITERS } from './role-groups.ts'
import { removeTeams } from './teams-delete.ts'
import { requireSameReserved, requireWritable } from './writable.ts'

const fields = {
  ...budgetFields,
  ...limitFields,
  models: names.nullish(),
  metadata: metadata.nullish(),
  model_rpm_limit: withoutEffect(),
  model_tpm_limit: withoutEffect(),
  object_permission: foreignFields.object_permission,
} as const

const newInput = z.strictObject({ ...fields, organization_id: id.nullish(), organization_alias: id.nullish() })

/** Makes an organization and its budgets. */
export const organizationNew: Operation<z.infer<typeof newInput>> = {
  method: 'POST',
  paths: ['/organization/new'],
  name: 'organization/new',
  roles: ADMINS,
  input: newInput,
  run: (context, { organization_id, organization_alias, ...data }) =>
    writeChange(context, 'organization/new', async (trx, now) => {
      const row: OrganizationRow = {
        id: organization_id ?? ulids(() => now)(),
        alias: organization_alias ?? null,
        data: dataText(data),
        ...madeBy(context.caller.keyId, now),
      }
      const written = await trx
        .insertInto('organizations')
        .values(row)
        .onConflict(conflict => conflict.doNothing())
        .returning('id')
        .executeTakeFirst()
      if (!written) throw badRequest(`there is an organization '${row.id}' already`, 'organization_id')
      await setOrganizationBudgets(trx, now, row)
      const [result] = await shownOrganizations(trx, [row])
      return { result, changed: [{ kind: 'organization', id: row.id, after: auditable(row) }] }
    }),
}

const updateInput = z.strictObject({ ...fields, organization_id: id, organization_alias: id.nullish() })

/** What administrators of an organization may change of it: nothing that bounds it. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['organization_id', 'organization_alias', 'metadata'])

/** Changes an organization. What is absent stays; null takes away. */
export const organizationUpdate: Operation<z.infer<typeof updateInput>> = {
  method: 'PATCH',
  paths: ['/organization/update'],
  name: 'organization/update',
  roles: WRITERS,
  input: updateInput,
  run: (context, input) =>
    writeChange(context, 'organization/update', async (trx, now) => {
      const { organization_id, organization_alias, ...data } = input
      const { organization: before, reach } = await lockOrganization(trx, context.caller, organization_id)
      if (reach.kind !== 'all') {
        requireWritable(input, OWN_FIELDS, 'an administrator of the organization')
        requireSameReserved(readData(before), input.metadata === null ? {} : input.metadata)
      }
      const after: OrganizationRow = {
        ...before,
        alias: organization_alias === undefined ? before.alias : organization_alias,
        data: JSON.stringify(patched(readData(before), data)),
        updated_at: now,
        updated_by: context.caller.keyId,
      }
      const { id: key, ...columns } = after
      await trx.updateTable('organizations').set(columns).where('id', '=', key).execute()
      await setOrganizationBudgets(trx, now, after)
      const [result] = await shownOrganizations(trx, [after])
      const changed = [{ kind: 'organization' as const, id: key, before: auditable(before), after: auditable(after) }]
      return { result, changed }
    }),
}

const infoInput = z.strictObject({ organization_id: id })

/** An organization with its members and teams, for those who administer it. */
export const organizationInfo: Operation<z.infer<typeof infoInput>> = {
  method: 'GET',
  paths: ['/organization/info'],
  name: 'organization/info',
  roles: READERS,
  input: infoInput,
  async run({ store: { db }, caller }, { organization_id }) {
    const { organization } = await findOrganization(db, caller, organization_id)
    const [shown] = await shownOrganizations(db, [organization])
    const details = await organizationDetails(db, [organization.id])
    return { ...shown, ...details(organization.id) }
  },
}

const listInput = z.strictObject({ organization_alias: id.optional(), ...wholeFields })

/** The organizations that the caller administers or may see. */
export const organizationList: Operation<z.infer<typeof listInput>> = {
  method: 'GET',
  paths: ['/organization/list'],
  name: 'organization/list',
  roles: READERS,
  input: listInput,
  async run({ store: { db }, caller }, input) {
    const reach = await reachOf(db, caller)
    const own = [...reach.organizations]
    if (reach.kind === 'own' && own.length === 0) return []
    let query = db.selectFrom('organizations').selectAll().orderBy('id')
    if (reach.kind === 'own') query = query.where('id', 'in', own)
    if (input.organization_alias !== undefined) query = query.where('alias', '=', input.organization_alias)
    const rows = await wholeList(input, ({ limit, offset }) => query.limit(limit).offset(offset).execute())
    const details = await organizationDetails(
      db,
      rows.map(row => row.id),
    )
    return (await shownOrganizations(db, rows)).map(one => ({ ...one, ...details(one.organization_id) }))
  },
}

const deleteInput = z.strictObject({ organization_ids: z.array(id).min(1).max(100) })

/** Deletes organizations with their teams, keys, memberships and budgets: all of them, or none. Their users stay. */
export const organizationDelete: Operation<z.infer<typeof deleteInput>> = {
  method: 'DELETE',
  paths: ['/organization/delete'],
  name: 'organization/delete',
  roles: ADMINS,
  input: deleteInput,
  run: (context, { organization_ids }) =>
    writeChange(context, 'organization/delete', async trx => {
      const ids = [...new Set(organization_ids)].sort()
      // An update is a lock: nothing is made in them any more.
      const locked = trx.updateTable('organizations').set(row => ({ id: row.ref('id') }))
      const rows = await locked.where('id', 'in', ids).returningAll().execute()
      const missing = ids.find(one => !rows.some(row => row.id === one))
      if (missing !== undefined) throw notFound('organization', missing)
      const result = await shownOrganizations(trx, rows)
      const teams = await trx.selectFrom('teams').selectAll().where('organization_id', 'in', ids).execute()
      const changed: Changed[] = [...(await removeTeams(trx, teams))]
      changed.push(...(await removeKeys(trx, 'organization_id', ids)))
      const members = trx.deleteFrom('organization_members').where('organization_id', 'in', ids)
      const people = await members.returning('user_id').execute()
      await trx.deleteFrom('organizations').where('id', 'in', ids).execute()
      await dropBudgetsOf(
        trx,
        ids.map(subject => ({ level: 'organization', subject })),
      )
      for (const row of rows) changed.push({ kind: 'organization', id: row.id, before: auditable(row) })
      for (const user of new Set(people.map(({ user_id }) => user_id))) changed.push({ kind: 'user', id: user })
      return { result, changed }
    }),
}
