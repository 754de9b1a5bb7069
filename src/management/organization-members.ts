import type { Transaction } from 'kysely'
import { z } from 'zod'
import type { Database, OrganizationMemberRow, UserRow } from '../store/schema.ts'
import { type Changed, writeChange } from './change.ts'
import { badRequest, notAllowed } from './errors.ts'
import { id } from './fields.ts'
import type { Operation } from './operation.ts'
import { type FoundOrganization, lockOrganization } from './organization-rows.ts'
import { shownOrganizationMembers } from './organization-view.ts'
import { insertPerson, lockNamed, type Maker, makerOf, noSuchUser, type Person, userNamed } from './people.ts'
import { WRITERS } from './role-groups.ts'
import { named, person, SAY_WHO } from './team-fields.ts'
import { shownUsers } from './user-view.ts'

const organizationRole = z.enum(['org_admin', 'internal_user', 'internal_user_viewer'])

/** Memberships have no budget of their own: what bounds a member is their user, their teams and the organization. */
const noBudget = z
  .null({ error: 'members of organizations have no budget of their own; set one for the user' })
  .optional()

const someone = z.strictObject({ ...person, role: organizationRole.default('internal_user') }).refine(named, SAY_WHO)

const addInput = z.strictObject({
  organization_id: id,
  member: z.union([someone, z.array(someone).min(1).max(500)], {
    error: `must be {user_id or user_email, role: ${organizationRole.options.join(', ')}}, or a list`,
  }),
  max_budget_in_organization: noBudget,
})

type Someone = z.infer<typeof someone>

/** Puts one or several people into an organization: all of them, or none. */
export const organizationMemberAdd: Operation<z.infer<typeof addInput>> = {
  method: 'POST',
  paths: ['/organization/member_add'],
  name: 'organization/member_add',
  roles: WRITERS,
  input: addInput,
  run: (context, { organization_id, member }) =>
    writeChange(context, 'organization/member_add', async (trx, now) => {
      const found = await lockOrganization(trx, context.caller, organization_id)
      const maker = makerOf(context, now)
      const changed: Changed[] = []
      const users: UserRow[] = []
      for (const one of Array.isArray(member) ? member : [member]) {
        const added = await addOne(trx, one, { found, maker })
        users.push(added.user)
        changed.push(...added.changed)
      }
      const ids = users.map(user => user.id)
      const updated_users = await shownUsers(trx, users, found.reach)
      const updated_organization_memberships = await shownOrganizationMembers(trx, [organization_id], ids)
      return { result: { organization_id, updated_users, updated_organization_memberships }, changed }
    }),
}

interface Adding {
  readonly found: FoundOrganization
  readonly maker: Maker
}

/** Only administrators of the gateway bring in users from elsewhere; those of an organization make users of their own. */
async function addOne(trx: Transaction<Database>, someone: Someone, { found, maker }: Adding) {
  const { organization, reach } = found
  const among = reach.kind === 'all' ? 'everybody' : { organization: organization.id }
  const known = await lockNamed(trx, someone, among)
  if (!known && reach.kind !== 'all') throw noSuchUser(someone)
  const made = known ? undefined : await makePerson(trx, someone, maker)
  const user = known ?? made?.user
  if (!user) throw noSuchUser(someone)
  const row: OrganizationMemberRow = { organization_id: organization.id, user_id: user.id, role: someone.role }
  const written = await trx
    .insertInto('organization_members')
    .values(row)
    .onConflict(conflict => conflict.doNothing())
    .returning('user_id')
    .executeTakeFirst()
  if (!written) throw badRequest(`user '${user.id}' is in organization '${organization.id}' already`, 'member')
  return { user, changed: [...(made?.changed ?? []), ...memberChange(organization.id, user.id, { after: row })] }
}

async function makePerson(trx: Transaction<Database>, { user_id, user_email }: Someone, maker: Maker) {
  if (user_id === undefined) throw badRequest('nobody has this address yet; say user_id as well', 'user_id')
  return insertPerson(trx, { user_id, user_email }, maker)
}

function memberChange(organization: string, user: string, rows: Pick<Changed, 'before' | 'after'>): readonly Changed[] {
  return [
    { kind: 'organization', id: organization, ...rows },
    { kind: 'user', id: user },
  ]
}

const updateInput = z
  .strictObject({
    organization_id: id,
    ...person,
    role: organizationRole.optional(),
    max_budget_in_organization: noBudget,
  })
  .refine(named, SAY_WHO)

/** Changes what somebody is in an organization. Nobody changes it of themselves. */
export const organizationMemberUpdate: Operation<z.infer<typeof updateInput>> = {
  method: 'PATCH',
  paths: ['/organization/member_update'],
  name: 'organization/member_update',
  roles: WRITERS,
  input: updateInput,
  run: (context, input) =>
    writeChange(context, 'organization/member_update', async trx => {
      const { organization_id } = input
      const { reach } = await lockOrganization(trx, context.caller, organization_id)
      const before = await memberNamed(trx, organization_id, input)
      if (reach.kind !== 'all' && before.user_id === reach.userId)
        throw notAllowed('nobody changes their own role in an organization', 'role')
      const after = { ...before, role: input.role ?? before.role }
      await trx
        .updateTable('organization_members')
        .set({ role: after.role })
        .where('organization_id', '=', organization_id)
        .where('user_id', '=', after.user_id)
        .execute()
      const [result] = await shownOrganizationMembers(trx, [organization_id], [after.user_id])
      return { result, changed: memberChange(organization_id, after.user_id, { before, after }) }
    }),
}

const deleteInput = z.strictObject({ organization_id: id, ...person }).refine(named, SAY_WHO)

/** Takes somebody out of an organization. Their teams and keys stay: these have administrators of their own. */
export const organizationMemberDelete: Operation<z.infer<typeof deleteInput>> = {
  method: 'DELETE',
  paths: ['/organization/member_delete'],
  name: 'organization/member_delete',
  roles: WRITERS,
  input: deleteInput,
  run: (context, input) =>
    writeChange(context, 'organization/member_delete', async trx => {
      const { organization_id } = input
      await lockOrganization(trx, context.caller, organization_id)
      const row = await memberNamed(trx, organization_id, input)
      const [result] = await shownOrganizationMembers(trx, [organization_id], [row.user_id])
      await trx
        .deleteFrom('organization_members')
        .where('organization_id', '=', organization_id)
        .where('user_id', '=', row.user_id)
        .execute()
      return { result, changed: memberChange(organization_id, row.user_id, { before: row }) }
    }),
}

/** The member whom a request names; somebody who is no member is not told from nobody. */
async function memberNamed(trx: Transaction<Database>, organization: string, who: Person) {
  const user = await userNamed(trx, who, { organization })
  const row =
    user &&
    (await trx
      .selectFrom('organization_members')
      .selectAll()
      .where('organization_id', '=', organization)
      .where('user_id', '=', user.id)
      .executeTakeFirst())
  if (!row) throw noSuchUser(who)
  return row
}
