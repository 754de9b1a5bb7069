import type { Transaction } from 'kysely'
import { z } from 'zod'
import { ulids } from '../core/id.ts'
import type { Database, UserRow } from '../store/schema.ts'
import { requireWithinKey } from './bound-keys.ts'
import { type Changed, writeChange } from './change.ts'
import { auditable, dataText, madeBy } from './entity-data.ts'
import { badRequest, notAllowed, notFound } from './errors.ts'
import { id, names, usd } from './fields.ts'
import type { Operation, OperationContext } from './operation.ts'
import { insertUser, makerOf, setUserBudgets } from './people.ts'
import { administers, type Reach, reachOf } from './reach.ts'
import { WRITERS } from './role-groups.ts'
import { memberRole, ROLES_SAID } from './team-fields.ts'
import { addMembers } from './team-membership.ts'
import { lockTeam } from './team-rows.ts'
import { requireUnspent } from './unspent-ids.ts'
import { userColumns, userData, userNothing } from './user-fields.ts'
import { keyFields, makeUserKey } from './user-key.ts'
import { requireFreeEmail } from './user-rows.ts'
import { oneShownUser } from './user-view.ts'
import { dataOnly, type Occasion, requireManagedRole, requireWithinAll, setUserSpend } from './users.ts'
import { requireSameReserved } from './writable.ts'

const teamPlace = z.union(
  [
    id.transform(team_id => ({ team_id, user_role: 'user' as const, max_budget_in_team: null })),
    z.strictObject({ team_id: id, user_role: memberRole.default('user'), max_budget_in_team: usd.nullish() }),
  ],
  { error: `must be a team's id, or {team_id, user_role: ${ROLES_SAID}, max_budget_in_team}` },
)

const newUser = z.strictObject({
  ...userColumns,
  ...userData,
  ...userNothing,
  ...keyFields,
  user_id: id.nullish(),
  spend: usd.optional(),
  teams: z.array(teamPlace).max(100).nullish(),
  organizations: names.nullish(),
})

type NewUser = z.infer<typeof newUser>

/** Makes a user, and unless it is asked not to (`auto_create_key: false`) a key of theirs, which is told once. */
export const userNew: Operation<NewUser> = {
  method: 'POST',
  paths: ['/user/new'],
  name: 'user/new',
  roles: WRITERS,
  input: newUser,
  run: (context, input) =>
    writeChange(context, 'user/new', async (trx, now) => {
      const reach = await reachOf(trx, context.caller)
      await requireMay(trx, { ...context, reach }, input)
      const user = userRow(input, context.caller.keyId, now)
      if (user.email !== null) await requireFreeEmail(trx, reach, { email: user.email, userId: user.id })
      if (!(await insertUser(trx, user))) throw badRequest(`there is a user '${user.id}' already`, 'user_id')
      await setUserBudgets(trx, user, makerOf(context, now))
      if (input.spend !== undefined) await setUserSpend(trx, now, { userId: user.id, spend: input.spend })
      await joinOrganizations(trx, user, input.organizations ?? [])
      const joined = await joinTeams(trx, { user, teams: input.teams ?? [] }, { context, now })
      const key =
        input.auto_create_key === false ? undefined : await makeUserKey(trx, { user, input }, { context, now })
      return {
        result: { ...(await oneShownUser(trx, user, reach)), ...key?.told },
        changed: [{ kind: 'user' as const, id: user.id, after: auditable(user) }, ...joined, ...(key?.changed ?? [])],
      }
    }),
}

interface Maker extends Pick<OperationContext, 'caller' | 'accessGroups'> {
  readonly reach: Reach
}

/** Administrators of organizations make users of theirs, below themselves. */
async function requireMay(
  trx: Transaction<Database>,
  { reach, caller, accessGroups }: Maker,
  input: NewUser,
): Promise<void> {
  const organizations = input.organizations ?? []
  const unknown = organizations.find(one => reach.kind !== 'all' && !administers(reach, one))
  if (unknown !== undefined) throw notFound('organization', unknown)
  await requireWithinAll(trx, { organizations, accessGroups }, dataOnly(input))
  if (reach.kind === 'all') return
  if (organizations.length === 0)
    throw notAllowed('only administrators of the gateway make users without an organization', 'organizations')
  for (const organization_id of organizations) requireWithinKey(caller, { organization_id })
  requireManagedRole(input.user_role)
  if (input.spend !== undefined) throw notAllowed('only administrators of the gateway set what was spent', 'spend')
  if (input.sso_user_id) throw notAllowed('only administrators of the gateway set sso_user_id', 'sso_user_id')
  requireSameReserved({}, input.metadata ?? undefined)
  if (input.user_id) await requireUnspent(trx, 'user_id', input.user_id)
}

function userRow(input: NewUser, keyId: string, now: number): UserRow {
  return {
    id: input.user_id ?? ulids(() => now)(),
    email: input.user_email ?? null,
    alias: input.user_alias ?? null,
    role: input.user_role ?? 'internal_user',
    data: dataText(dataOnly(input)),
    ...madeBy(keyId, now),
  }
}

async function joinOrganizations(
  trx: Transaction<Database>,
  user: UserRow,
  organizations: readonly string[],
): Promise<void> {
  const ids = [...new Set(organizations)]
  if (ids.length === 0) return
  const known = await trx.selectFrom('organizations').select('id').where('id', 'in', ids).execute()
  const missing = ids.find(one => !known.some(row => row.id === one))
  if (missing !== undefined) throw notFound('organization', missing)
  const rows = ids.map(organization_id => ({ organization_id, user_id: user.id, role: user.role }))
  await trx.insertInto('organization_members').values(rows).execute()
}

interface Joining {
  readonly user: UserRow
  readonly teams: readonly z.infer<typeof teamPlace>[]
}

async function joinTeams(
  trx: Transaction<Database>,
  { user, teams }: Joining,
  { context, now }: Occasion,
): Promise<readonly Changed[]> {
  const changed: Changed[] = []
  const maker = makerOf(context, now)
  for (const { team_id, user_role, max_budget_in_team } of teams) {
    const { team, reach } = await lockTeam(trx, context.caller, { id: team_id, to: 'members' })
    const terms = { max_budget: max_budget_in_team ?? null }
    const added = await addMembers(trx, [{ user_id: user.id, role: user_role }], { team, reach, maker, terms })
    changed.push({ kind: 'team', id: team_id }, ...added.changed)
  }
  return changed
}
