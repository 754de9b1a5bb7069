import { type Kysely, sql } from 'kysely'
import { z } from 'zod'
import type { Database, TeamRow } from '../store/schema.ts'
import { id, likeAnywhere } from './fields.ts'
import { briefKeys } from './key-brief.ts'
import { pageFields, pageOf, sliceOf, sortOrder, wholeFields, wholeList } from './listing.ts'
import type { Operation } from './operation.ts'
import { type Reach, reachOf, teamRight } from './reach.ts'
import { READERS } from './role-groups.ts'
import { findTeam, membersOf } from './team-rows.ts'
import { oneShownTeam, shownMemberships, shownTeams } from './team-view.ts'

const infoInput = z.strictObject({ team_id: id })

/** A team, its members and its keys. Who is a plain member sees of the last two their own. */
export const teamInfo: Operation<z.infer<typeof infoInput>> = {
  method: 'GET',
  paths: ['/team/info'],
  name: 'team/info',
  roles: READERS,
  input: infoInput,
  async run({ store: { db }, caller }, { team_id }) {
    const { team, reach } = await findTeam(db, caller, team_id)
    const details = await detailsOf(db, [team], reach)
    return { team_id, team_info: await oneShownTeam(db, team), ...details(team) }
  },
}

/** The keys and memberships of teams, as far as the caller may see them. */
async function detailsOf(db: Kysely<Database>, teams: readonly TeamRow[], reach: Reach) {
  const { userId = '' } = reach
  const isPlain = new Set(teams.filter(team => teamRight(reach, team) === 'member').map(team => team.id))
  const ids = teams.map(team => team.id)
  const members = [...(await membersOf(db, ids)).values()].flat()
  const memberships = await shownMemberships(
    db,
    members.filter(member => !isPlain.has(member.team_id) || member.user_id === userId),
  )
  const keys = [
    ...(await briefKeys(db, { column: 'team_id', values: ids.filter(one => !isPlain.has(one)) })),
    ...(await briefKeys(db, { column: 'team_id', values: [...isPlain], userId })),
  ]
  return ({ id }: TeamRow) => ({
    keys: keys.filter(key => key.team_id === id),
    team_memberships: memberships.filter(membership => membership.team_id === id),
  })
}

const filters = { user_id: id.optional(), organization_id: id.optional() } as const

const listInput = z.strictObject({ ...filters, ...wholeFields })

/** The teams that the caller may know of, with their keys and memberships. */
export const teamList: Operation<z.infer<typeof listInput>> = {
  method: 'GET',
  paths: ['/team/list'],
  name: 'team/list',
  roles: READERS,
  input: listInput,
  async run({ store: { db }, caller }, input) {
    const reach = await reachOf(db, caller)
    const query = teamsWithin(db, reach, input)
    const teams = await wholeList(input, ({ limit, offset }) =>
      query.selectAll('teams').orderBy('teams.id').limit(limit).offset(offset).execute(),
    )
    const details = await detailsOf(db, teams, reach)
    const shown = await shownTeams(db, teams)
    return teams.map((team, at) => ({ ...shown[at], ...details(team) }))
  },
}

const pagedInput = z.strictObject({
  ...filters,
  team_id: id.optional(),
  team_alias: id.optional(),
  ...pageFields,
  page_size: pageFields.page_size.default(10),
  sort_by: z.enum(['team_id', 'team_alias', 'created_at']).optional(),
  sort_order: sortOrder,
})

const SORTS = { team_id: 'teams.id', team_alias: 'teams.alias', created_at: 'teams.created_at' } as const

/** The same in pages. `team_alias` is a part of the name. */
export const teamListPaged: Operation<z.infer<typeof pagedInput>> = {
  method: 'GET',
  paths: ['/v2/team/list'],
  name: 'team/list',
  roles: READERS,
  input: pagedInput,
  async run({ store: { db }, caller }, input) {
    const query = teamsWithin(db, await reachOf(db, caller), input)
    const { total } = await query.select(rows => rows.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    const { limit, offset } = sliceOf(input)
    const teams = await query
      .selectAll('teams')
      .orderBy(SORTS[input.sort_by ?? 'created_at'], input.sort_order)
      .orderBy('teams.id')
      .limit(limit)
      .offset(offset)
      .execute()
    return { teams: await shownTeams(db, teams), ...pageOf(Number(total), input) }
  },
}

interface Filter {
  readonly user_id?: string | undefined
  readonly organization_id?: string | undefined
  readonly team_id?: string | undefined
  readonly team_alias?: string | undefined
}

function teamsWithin(db: Kysely<Database>, reach: Reach, { user_id, organization_id, team_id, team_alias }: Filter) {
  const memberships = db.selectFrom('team_members').select('team_id')
  let query = db.selectFrom('teams')
  if (reach.kind === 'own') {
    const organizations = [...reach.organizations]
    query = query.where(where => {
      const own = where('teams.id', 'in', memberships.where('user_id', '=', reach.userId ?? ''))
      if (organizations.length === 0) return own
      return where.or([own, where('teams.organization_id', 'in', organizations)])
    })
  }
  if (user_id !== undefined) query = query.where('teams.id', 'in', memberships.where('user_id', '=', user_id))
  if (organization_id !== undefined) query = query.where('teams.organization_id', '=', organization_id)
  if (team_id !== undefined) query = query.where('teams.id', '=', team_id)
  if (team_alias !== undefined) {
    const pattern = likeAnywhere(team_alias.toLowerCase())
    query = query.where(sql<boolean>`lower(teams.alias) like ${pattern} escape '\\'`)
  }
  return query
}

const noInput = z.strictObject({})

/** Teams that anybody may join by themselves. There are none: members are added by administrators. */
export const teamAvailable: Operation<z.infer<typeof noInput>> = {
  method: 'GET',
  paths: ['/team/available'],
  name: 'team/available',
  roles: READERS,
  input: noInput,
  run: async () => [],
}
