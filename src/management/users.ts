import type { Transaction } from 'kysely'
import { z } from 'zod'
import { budgetId } from '../core/budget.ts'
import type { Json } from '../core/json.ts'
import { usdToNano } from '../core/money.ts'
import { setSpent } from '../store/budgets.ts'
import type { Database, UserRow } from '../store/schema.ts'
import { type Changed, writeChange } from './change.ts'
import { auditable, patched, readData } from './entity-data.ts'
import { notAllowed } from './errors.ts'
import { id, usd } from './fields.ts'
import type { Operation, OperationContext } from './operation.ts'
import { requireWithin } from './organization-bounds.ts'
import { makerOf, setUserBudgets } from './people.ts'
import { WRITERS } from './role-groups.ts'
import { named, SAY_WHO } from './team-fields.ts'
import { userColumns, userData, userNothing } from './user-fields.ts'
import { type FoundUser, lockUser, requireFreeEmail } from './user-rows.ts'
import { oneShownUser, type ShownUser } from './user-view.ts'
import { requireSameReserved, requireWritable } from './writable.ts'

const fields = { ...userColumns, ...userData, ...userNothing, spend: usd.optional() } as const

/** What may be changed of a user, without who it is. */
export const userPatch = z.strictObject(fields)

export const changedUser = z
  .strictObject({ ...fields, user_id: id.optional() })
  .refine(said => named({ ...said, user_email: said.user_email ?? undefined }), SAY_WHO)

type ChangedUser = z.infer<typeof changedUser>

/** Changes a user. What is absent stays; null takes away. Whoever is named by `user_id` gets the `user_email` that is sent. */
export const userUpdate: Operation<ChangedUser, { user_id: string; data: ShownUser }> = {
  method: 'POST',
  paths: ['/user/update'],
  name: 'user/update',
  roles: WRITERS,
  input: changedUser,
  run: (context, input) =>
    writeChange(context, 'user/update', async (trx, now) => {
      const { after, reach, changed } = await changeUser(trx, input, { context, now })
      return { result: { user_id: after.id, data: await oneShownUser(trx, after, reach) }, changed }
    }),
}

export interface Occasion {
  readonly context: OperationContext
  readonly now: number
}

/** Changes one user, within a transaction. Whatever is refused is refused before anything is written. */
export async function changeUser(trx: Transaction<Database>, input: ChangedUser, { context, now }: Occasion) {
  const found = await lockUser(trx, context.caller, personOf(input))
  const before = found.user
  const { user_id: _id, user_email, user_alias, user_role, spend, send_invite_email: _mail, ...data } = input
  await requireMay(trx, { ...found, accessGroups: context.accessGroups }, input)
  if (user_email) await requireFreeEmail(trx, found.reach, { email: user_email, userId: before.id })
  const after: UserRow = {
    ...before,
    email: user_email === undefined ? before.email : user_email,
    alias: user_alias === undefined ? before.alias : user_alias,
    role: user_role ?? before.role,
    data: JSON.stringify(patched(readData(before), data)),
    updated_at: now,
    updated_by: context.caller.keyId,
  }
  const { id: key, ...columns } = after
  await trx.updateTable('users').set(columns).where('id', '=', key).execute()
  await setUserBudgets(trx, after, makerOf(context, now))
  if (spend !== undefined) await setUserSpend(trx, now, { userId: key, spend })
  const changed: readonly Changed[] = [
    {
      kind: 'user',
      id: key,
      before: auditable(before),
      after: { ...auditable(after), ...(spend !== undefined && { spend }) },
    },
  ]
  return { after, reach: found.reach, changed }
}

function personOf({ user_id, user_email }: ChangedUser) {
  return user_id === undefined ? { user_email: user_email ?? undefined } : { user_id }
}

/** What everybody may change of themselves: nothing that widens what they may do, or by which others know them. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['user_id', 'user_alias'])

/** What administrators of an organization may change of its users; `user_role` only among the roles below their own. */
const MANAGED_FIELDS: ReadonlySet<string> = new Set([
  'user_id',
  'user_email',
  'user_alias',
  'user_role',
  ...Object.keys(userData).filter(name => name !== 'sso_user_id'),
  ...Object.keys(userNothing),
])

async function requireMay(
  trx: Transaction<Database>,
  found: FoundUser & Pick<OperationContext, 'accessGroups'>,
  input: ChangedUser,
): Promise<void> {
  const { user, right, organizations, accessGroups } = found
  if (right === 'all') return
  if (right === 'reads') throw notAllowed(`user '${user.id}' is not only of your organizations: you may not change it`)
  if (right === 'self') {
    const { user_email, ...sent } = input
    requireWritable(sent, OWN_FIELDS, 'a user')
    if (user_email !== undefined && user_email !== user.email)
      throw notAllowed('a user may not change user_email', 'user_email')
    return
  }
  requireWritable(input, MANAGED_FIELDS, 'an administrator of an organization')
  requireManagedRole(input.user_role)
  const before = readData(user)
  requireSameReserved(before, input.metadata === null ? {} : input.metadata)
  await requireWithinAll(trx, { organizations, accessGroups }, patched(before, dataOnly(input)))
}

/** @throws Failure `forbidden` for roles that only administrators of the gateway give */
export function requireManagedRole(role: string | null | undefined): void {
  if (role === undefined || role === null || MANAGED_ROLES.has(role)) return
  throw notAllowed(`only administrators of the gateway give the role ${role}`, 'user_role')
}

const MANAGED_ROLES: ReadonlySet<string> = new Set(['internal_user', 'internal_user_viewer'])

interface Within extends Pick<OperationContext, 'accessGroups'> {
  readonly organizations: readonly string[]
}

/** Refuses terms that one of these organizations cannot keep. */
export async function requireWithinAll(
  trx: Transaction<Database>,
  { organizations, accessGroups }: Within,
  fields: Parameters<typeof requireWithin>[1],
): Promise<void> {
  if (organizations.length === 0) return
  const rows = await trx.selectFrom('organizations').select(['id', 'data']).where('id', 'in', organizations).execute()
  for (const row of rows) requireWithin(row, fields, accessGroups)
}

const DATA: ReadonlySet<string> = new Set(Object.keys(userData))

/** The fields of a request that are kept in `data`. */
export function dataOnly(input: Readonly<Record<string, unknown>>): Readonly<Record<string, Json | undefined>> {
  return Object.fromEntries(Object.entries(input).filter(([name]) => DATA.has(name))) as Record<
    string,
    Json | undefined
  >
}

export async function setUserSpend(
  trx: Transaction<Database>,
  now: number,
  { userId, spend }: { readonly userId: string; readonly spend: number },
): Promise<void> {
  await setSpent(trx, now, budgetId({ level: 'user', subject: userId }), usdToNano(spend))
}
