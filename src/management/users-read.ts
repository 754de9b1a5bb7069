import { type Kysely, sql } from 'kysely'
import { z } from 'zod'
import { isOneOf, textIn } from '../store/dialect.ts'
import type { Database, UserRow } from '../store/schema.ts'
import { badRequest } from './errors.ts'
import { id, likeAnywhere, queryNames } from './fields.ts'
import { briefKeys } from './key-brief.ts'
import { pageFields, pageOf, sliceOf, sortOrder } from './listing.ts'
import type { Operation, OperationContext } from './operation.ts'
import { type Reach, reachOf, teamRight } from './reach.ts'
import { READERS } from './role-groups.ts'
import { shownTeams } from './team-view.ts'
import { userRole } from './user-fields.ts'
import { findUser, usersWithin } from './user-rows.ts'
import { oneShownUser, shownUsers } from './user-view.ts'

const infoInput = z.strictObject({ user_id: id.optional() })

/** A user with their keys and teams; without an id whoever asks. */
export const userInfo: Operation<z.infer<typeof infoInput>> = {
  method: 'GET',
  paths: ['/user/info'],
  name: 'user/info',
  roles: READERS,
  input: infoInput,
  async run(context, { user_id }) {
    const { db } = context.store
    const { user, reach } = await findUser(db, context.caller, { user_id: user_id ?? ownId(context) })
    const teams = await teamsOf(db, user, reach)
    const { organizations } = reach
    const within = isSelf(user, reach) || reach.kind !== 'own' ? undefined : { teams: idsOf(teams), organizations }
    return {
      user_id: user.id,
      user_info: await oneShownUser(db, user, reach),
      keys: await briefKeys(db, { column: 'user_id', values: [user.id], ...(within && { within }) }),
      teams: await shownTeams(db, teams),
    }
  },
}

/** The same without keys and teams. */
export const userInfoBrief: Operation<z.infer<typeof infoInput>> = {
  method: 'GET',
  paths: ['/v2/user/info'],
  name: 'user/info',
  roles: READERS,
  input: infoInput,
  async run(context, { user_id }) {
    const { db } = context.store
    const { user, reach } = await findUser(db, context.caller, { user_id: user_id ?? ownId(context) })
    return oneShownUser(db, user, reach)
  },
}

function ownId({ caller }: OperationContext): string {
  if (caller.userId !== undefined) return caller.userId
  throw badRequest('this key belongs to no user; say which user by user_id', 'user_id')
}

function isSelf(user: UserRow, reach: Reach): boolean {
  return user.id === reach.userId
}

function idsOf(teams: readonly { readonly id: string }[]): ReadonlySet<string> {
  return new Set(teams.map(({ id }) => id))
}

/** The teams of a user that the caller may know of. */
async function teamsOf(db: Kysely<Database>, user: UserRow, reach: Reach) {
  const memberships = db.selectFrom('team_members').select('team_id').where('user_id', '=', user.id)
  const teams = await db
    .selectFrom('teams')
    .selectAll()
    .where('id', 'in', memberships)
    .orderBy('id')
    .limit(1_000)
    .execute()
  return teams.filter(team => teamRight(reach, team) !== undefined)
}

const listInput = z.strictObject({
  role: userRole.optional(),
  user_ids: queryNames.optional(),
  sso_user_ids: queryNames.optional(),
  user_email: id.optional(),
  team: id.optional(),
  ...pageFields,
  sort_by: z.enum(['user_id', 'user_email', 'user_alias', 'user_role', 'created_at']).optional(),
  sort_order: sortOrder,
})

const SORTS = {
  user_id: 'users.id',
  user_email: 'users.email',
  user_alias: 'users.alias',
  user_role: 'users.role',
  created_at: 'users.created_at',
} as const

/** The users that the caller may know of, in pages. `user_email` is a part of the address. */
export const userList: Operation<z.infer<typeof listInput>> = {
  method: 'GET',
  paths: ['/user/list'],
  name: 'user/list',
  roles: READERS,
  input: listInput,
  async run({ store: { db }, caller }, input) {
    const reach = await reachOf(db, caller)
    const query = filtered(db, reach, input)
    const { total } = await query.select(rows => rows.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    const { limit, offset } = sliceOf(input)
    const users = await query
      .selectAll('users')
      .orderBy(SORTS[input.sort_by ?? 'created_at'], input.sort_order)
      .orderBy('users.id')
      .limit(limit)
      .offset(offset)
      .execute()
    return { users: await shownUsers(db, users, reach), ...pageOf(Number(total), input) }
  },
}

function filtered(db: Kysely<Database>, reach: Reach, input: z.infer<typeof listInput>) {
  const { role, user_ids, sso_user_ids, user_email, team } = input
  let query = usersWithin(db, reach)
  if (role !== undefined) query = query.where('users.role', '=', role)
  if (user_ids !== undefined) query = query.where(isOneOf(db, 'users.id', user_ids))
  if (sso_user_ids !== undefined)
    query = query.where(isOneOf(db, textIn(db, 'users.data', 'sso_user_id'), sso_user_ids))
  if (user_email !== undefined) {
    const pattern = likeAnywhere(user_email.toLowerCase())
    query = query.where(sql<boolean>`users.email like ${pattern} escape '\\'`)
  }
  if (team !== undefined) {
    const members = db.selectFrom('team_members').select('user_id').where('team_id', '=', team)
    query = query.where('users.id', 'in', members)
  }
  return query
}

const noInput = z.strictObject({})

/** The roles that a user may have, for people. */
export const userAvailableRoles: Operation<z.infer<typeof noInput>> = {
  method: 'GET',
  paths: ['/user/available_roles'],
  name: 'user/available_roles',
  roles: READERS,
  input: noInput,
  run: async () => ROLES,
}

const ROLES = {
  proxy_admin: { description: 'manages everything', ui_label: 'Admin (all permissions)' },
  proxy_admin_viewer: { description: 'sees everything, changes nothing', ui_label: 'Admin (view only)' },
  org_admin: { description: 'manages the organizations that they administer', ui_label: 'Organization admin' },
  internal_user: { description: 'manages their own keys, sees their own spending', ui_label: 'Internal user' },
  internal_user_viewer: { description: 'sees their own keys and spending', ui_label: 'Internal viewer' },
} as const
