import type { Kysely } from 'kysely'
import type { Database, UserRow } from '../store/schema.ts'
import { shownStand, standsOf } from './entity-budgets.ts'
import { readData, shownDates, shownFields } from './entity-data.ts'
import type { Reach } from './reach.ts'
import { seesOrganization, teamRight } from './reach.ts'
import { USER_DATA } from './user-fields.ts'

interface Places {
  readonly teams: readonly { readonly id: string; readonly organization_id: string | null; readonly user_id: string }[]
  readonly organizations: readonly {
    readonly organization_id: string
    readonly user_id: string
    readonly role: string
  }[]
}

/** Users as LiteLLM's API shows them, in their order. `reach`: of their teams and organizations only those within it. */
export async function shownUsers(db: Kysely<Database>, users: readonly UserRow[], reach?: Reach) {
  const ids = users.map(({ id }) => id)
  const places = await placesOf(db, ids)
  const stands = await standsOf(db, { level: 'user', subjects: ids })
  return users.map(user => {
    const within = user.id === reach?.userId ? undefined : reach
    return { ...shownUser(user, placesWithin(places, user.id, within)), ...shownStand(stands.get(user.id)) }
  })
}

export type ShownUser = Awaited<ReturnType<typeof shownUsers>>[number]

/** One user, as they are after a change. */
export async function oneShownUser(db: Kysely<Database>, user: UserRow, reach?: Reach): Promise<ShownUser> {
  const [shown] = await shownUsers(db, [user], reach)
  if (!shown) throw new Error('a user is shown as one')
  return shown
}

async function placesOf(db: Kysely<Database>, ids: readonly string[]): Promise<Places> {
  if (ids.length === 0) return { teams: [], organizations: [] }
  const teams = await db
    .selectFrom('team_members')
    .innerJoin('teams', 'teams.id', 'team_members.team_id')
    .select(['teams.id', 'teams.organization_id', 'team_members.user_id'])
    .where('team_members.user_id', 'in', ids)
    .orderBy('teams.id')
    .execute()
  const organizations = await db
    .selectFrom('organization_members')
    .selectAll()
    .where('user_id', 'in', ids)
    .orderBy('organization_id')
    .execute()
  return { teams, organizations }
}

function placesWithin(places: Places, userId: string, reach: Reach | undefined): Places {
  const teams = places.teams.filter(team => team.user_id === userId)
  const organizations = places.organizations.filter(place => place.user_id === userId)
  if (!reach) return { teams, organizations }
  return {
    teams: teams.filter(team => teamRight(reach, team) !== undefined),
    organizations: organizations.filter(place => seesOrganization(reach, place.organization_id)),
  }
}

function shownUser(user: UserRow, { teams, organizations }: Places) {
  const data = readData(user)
  return {
    user_id: user.id,
    user_email: user.email,
    user_alias: user.alias,
    user_role: user.role,
    ...shownFields(data, USER_DATA),
    metadata: data.metadata ?? {},
    models: data.models ?? [],
    blocked: data.blocked ?? false,
    teams: teams.map(({ id }) => id),
    organization_memberships: organizations.map(({ organization_id, role }) => ({
      user_id: user.id,
      organization_id,
      user_role: role,
    })),
    model_spend: {},
    ...shownDates(user),
  }
}
