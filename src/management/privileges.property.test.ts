import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { GroupStage } from '../../test/support/group-stage.ts'
import { Failure } from '../core/failure.ts'
import type { TeamRow, UserRow } from '../store/schema.ts'
import { readData } from './entity-data.ts'
import { textsOf } from './organization-bounds.ts'
import { type Reach, reachOf, type TeamRight, teamRight } from './reach.ts'

let stage: GroupStage
let scene: Scene
beforeAll(async () => {
  stage = await GroupStage.open()
  await stage.scene()
  await stage.ask('/user/update', { user_id: 'bob', max_budget: 5 })
  await stage.ask('/team/member_update', { team_id: 'a-team', user_id: 'ann', max_budget_in_team: 5 })
  await stage.ask('/user/new', {
    user_id: 'vera',
    user_role: 'internal_user_viewer',
    organizations: ['acme'],
    ...NO_KEY,
  })
  await stage.ask('/team/new', { team_id: 'olgas', organization_id: 'acme' })
  await stage.ask('/user/new', { user_id: 'both', organizations: ['acme', 'rival'], ...NO_KEY })
  await stage.ask('/user/new', { user_id: 'guest', organizations: ['acme'], teams: ['loose'], ...NO_KEY })
  await stage.ask('/user/new', { user_id: 'boss', user_role: 'proxy_admin', organizations: ['acme'], ...NO_KEY })
  scene = await snapshot()
})
afterAll(() => stage.close())

const NO_KEY = { auto_create_key: false } as const

/** What somebody can do: nothing of it may become more by what they do themselves. */
interface Powers {
  readonly role: string
  readonly organizations: readonly string[]
  readonly userLimit: bigint | undefined
  readonly userData: string
  readonly teams: ReadonlyMap<string, TeamPowers>
}

interface TeamPowers {
  readonly right: TeamRight
  readonly team: TeamRow
  readonly limit: bigint | undefined
  readonly ownLimit: bigint | undefined
}

async function powersOf(userId: string): Promise<Powers> {
  const caller = await stage.callerOf(userId)
  const reach = await reachOf(stage.db, caller)
  const user = await stage.db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst()
  const teams = new Map<string, TeamPowers>()
  for (const team of await stage.db.selectFrom('teams').selectAll().execute()) {
    const right = teamRight(reach, team)
    if (!right) continue
    const limit = (await stage.budget({ level: 'team', subject: team.id }))?.limit
    const ownLimit = (await stage.budget({ level: 'team_member', subject: `${team.id}/${userId}` }))?.limit
    teams.set(team.id, { right, team, limit, ownLimit })
  }
  return {
    role: caller.role,
    organizations: [...reach.organizations].sort(),
    userLimit: (await stage.budget({ level: 'user', subject: userId }))?.limit,
    userData: user?.data ?? '',
    teams,
  }
}

const RANKS: Readonly<Record<TeamRight, number>> = { member: 1, reads: 2, admin: 3, organization: 4, all: 5 }

function noMore(limit: bigint | undefined, than: bigint | undefined): boolean {
  return than === undefined || (limit !== undefined && limit <= than)
}

function expectNoMore(before: Powers, after: Powers): void {
  expect(after.role).toBe(before.role)
  expect(before.organizations).toEqual(expect.arrayContaining([...after.organizations]))
  expect(noMore(after.userLimit, before.userLimit)).toBe(true)
  expect(after.userData).toBe(before.userData)
  for (const [id, now] of after.teams) {
    const was = before.teams.get(id)
    // What is new stands in an organization that they administer anyway.
    if (!was) expect(before.organizations).toContain(now.team.organization_id)
    else expectTeamNoMore(was, now)
  }
}

function expectTeamNoMore(was: TeamPowers, now: TeamPowers): void {
  expect(RANKS[now.right]).toBeLessThanOrEqual(RANKS[was.right])
  if (was.right === 'organization') return
  expect(noMore(now.limit, was.limit)).toBe(true)
  expect(textsOf(readData(now.team).models)).toEqual(textsOf(readData(was.team).models))
  expect(now.team).toMatchObject({ blocked: was.team.blocked, organization_id: was.team.organization_id })
  expect(noMore(now.ownLimit, was.ownLimit)).toBe(true)
}

/** What of the store is not theirs: nothing of it changes by what they do. */
async function othersThan(userId: string, reach: Reach, below: Below): Promise<string> {
  const rows: unknown[] = []
  rows.push(
    await stage.db
      .selectFrom('organizations')
      .selectAll()
      .orderBy('id')
      .execute()
      .then(all => all.map(({ id, data }) => [id, readData({ data }).max_budget, readData({ data }).models])),
  )
  const teams = await stage.db.selectFrom('teams').selectAll().orderBy('id').execute()
  const foreign = teams.filter(team => !['organization', 'admin'].includes(teamRight(reach, team) ?? ''))
  rows.push(foreign)
  const members = await stage.db.selectFrom('team_members').selectAll().orderBy('team_id').orderBy('user_id').execute()
  rows.push(members.filter(member => foreign.some(team => team.id === member.team_id)))
  const places = await stage.db.selectFrom('organization_members').selectAll().orderBy('user_id').execute()
  rows.push(places.filter(place => !reach.organizations.has(place.organization_id)))
  const users = await stage.db.selectFrom('users').selectAll().orderBy('id').execute()
  rows.push(users.filter(user => !below(user) && user.id !== userId))
  rows.push(
    users
      .filter(user => !['internal_user', 'internal_user_viewer'].includes(user.role))
      .map(user => [user.id, user.role]),
  )
  const budgets = await stage.db
    .selectFrom('budgets')
    .selectAll()
    .where('level', 'in', ['organization', 'end_user', 'tag'])
    .orderBy('id')
    .execute()
  rows.push(budgets.map(row => [row.id, row.limit_nano]))
  for (const table of ['plans', 'customers', 'tags'] as const)
    rows.push(await stage.db.selectFrom(table).selectAll().execute())
  return JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
}

type Below = (user: UserRow) => boolean

/** Whom the administrator of organizations manages: internal users who belong to nothing else. */
async function belowThem(reach: Reach): Promise<Below> {
  const places = await stage.db.selectFrom('organization_members').selectAll().execute()
  const teams = await stage.db
    .selectFrom('team_members')
    .innerJoin('teams', 'teams.id', 'team_members.team_id')
    .select(['team_members.user_id', 'teams.organization_id'])
    .execute()
  const isOurs = (id: string | null) => id !== null && reach.organizations.has(id)
  return user => {
    const own = places.filter(place => place.user_id === user.id)
    if (own.length === 0 || !own.every(place => isOurs(place.organization_id) && place.role !== 'org_admin'))
      return false
    return (
      user.role.startsWith('internal_user') &&
      teams.every(one => one.user_id !== user.id || isOurs(one.organization_id))
    )
  }
}

/** No team has more than its organization (both have the same bounds here), and nobody has a share of capacity. */
async function expectWithinOrganizations(): Promise<void> {
  for (const team of await stage.db.selectFrom('teams').selectAll().execute()) {
    const { metadata, max_budget, tpm_limit, models } = readData(team)
    expect(JSON.stringify(metadata ?? {})).not.toMatch(/priority|tags/)
    if (team.organization_id === null) continue
    expect(Number(max_budget ?? 0)).toBeLessThanOrEqual(100)
    expect(Number(tpm_limit ?? 0)).toBeLessThanOrEqual(1_000)
    for (const name of textsOf(models)) expect(name).toMatch(/^(gpt-.*|claude|no-default-models)$/)
  }
}

/** Members of teams who belong to another tenant than their team. */
async function strangers(): Promise<readonly string[]> {
  const places = await stage.db.selectFrom('organization_members').selectAll().execute()
  const members = await stage.db
    .selectFrom('team_members')
    .innerJoin('teams', 'teams.id', 'team_members.team_id')
    .select(['team_members.user_id', 'teams.id', 'teams.organization_id'])
    .execute()
  return members.flatMap(({ user_id, id, organization_id }) => {
    const own = places.filter(place => place.user_id === user_id).map(place => place.organization_id)
    const isHome = organization_id === null ? own.length === 0 : own.includes(organization_id)
    return isHome ? [] : [`${id}/${user_id}`]
  })
}

/** Where somebody is at home: most requests are about that. */
const HOMES = {
  ann: ['a-team', 'acme'],
  bob: ['a-team', 'acme'],
  carl: ['a-team', 'acme'],
  vera: ['a-team', 'acme'],
  olga: ['a-team', 'acme'],
  rita: ['r-team', 'rival'],
  eve: ['r-team', 'rival'],
  dan: ['loose', 'rival'],
  dora: ['loose', 'rival'],
} as const

const actor = fc.constantFrom('ann', 'ann', 'bob', 'carl', 'vera', 'olga', 'olga', 'olga', 'rita', 'eve', 'dan', 'dora')

const user = fc.constantFrom(
  'ann',
  'bob',
  'carl',
  'olga',
  'rita',
  'eve',
  'dan',
  'eric',
  'both',
  'guest',
  'boss',
  'fresh',
)
const dollars = fc.constantFrom(0, 1, 40, 99, 1_000, null)
const models = fc.constantFrom([], ['gpt-4o'], ['claude'], ['*'], ['gpt-*', 'claude'], ['all-proxy-models'], null)
const role = fc.constantFrom('admin', 'user')
const globalRole = fc.constantFrom(
  'proxy_admin',
  'proxy_admin_viewer',
  'org_admin',
  'internal_user',
  'internal_user_viewer',
)
const organizationRole = fc.constantFrom('org_admin', 'internal_user')
const metadata = fc.constantFrom({ priority: 'first' }, { tags: ['cheap'] }, { note: 1 }, null)

type Fields = Readonly<Record<string, fc.Arbitrary<unknown>>>

const bounds: Fields = {
  max_budget: dollars,
  budget_duration: fc.constantFrom('1s', '30d', null),
  tpm_limit: fc.constantFrom(1, 999, 5_000, null),
  models,
  metadata,
}

const teamFields: Fields = {
  ...bounds,
  blocked: fc.boolean(),
  organization_id: fc.constantFrom('acme', 'rival', null),
  team_member_budget: dollars,
  model_aliases: fc.constant({ 'gpt-4o': 'claude' }),
  tags: fc.constant(['x']),
  team_alias: fc.constant('named'),
}

const userFields: Fields = {
  ...bounds,
  user_role: globalRole,
  spend: fc.constantFrom(0, 7),
  blocked: fc.boolean(),
  user_alias: fc.constant('named'),
}

/** A request: what it must have, and at most two of the fields that somebody might raise something with. */
function request(path: string, must: Fields, may: Fields = {}) {
  const fields = Object.entries(may).map(([name, value]) => value.map(one => [name, one] as const))
  const some = fields.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...fields), { maxLength: 2 })
  const input = fc.tuple(fc.record(must), some).map(([least, more]) => ({ ...least, ...Object.fromEntries(more) }))
  return fc.tuple(fc.constant(path), input)
}

const person = fc.record({ user_id: user, role })

function stepOf(who: typeof actor extends fc.Arbitrary<infer Name> ? Name : never) {
  const [homeTeam, home] = HOMES[who]
  const team = fc.constantFrom(homeTeam, homeTeam, homeTeam, 'a-team', 'r-team', 'loose')
  const organization = fc.constantFrom(home, home, home, 'acme', 'rival')
  const somebody = fc.oneof(fc.constant(who), user, user)
  return fc.oneof(
    request('/team/new', { team_id: fc.constant('made'), organization_id: organization }, teamFields),
    request('/team/new', { organization_id: organization, members_with_roles: fc.array(person, { maxLength: 2 }) }),
    request('/team/update', { team_id: team }, teamFields),
    request('/team/update', { team_id: team }, teamFields),
    request('/team/delete', { team_ids: fc.tuple(team) }),
    request('/team/block', { team_id: team }),
    request('/team/unblock', { team_id: team }),
    request('/team/model/add', { team_id: team, models }),
    request('/team/model/delete', { team_id: team, models }),
    request('/team/permissions_update', { team_id: team, team_member_permissions: fc.constant(['/key/generate']) }),
    request('/team/member_add', { team_id: team, member: person }, { max_budget_in_team: dollars }),
    request('/team/bulk_member_add', { team_id: team, members: fc.array(person, { minLength: 1, maxLength: 3 }) }),
    request('/team/member_update', { team_id: team, user_id: somebody }, { max_budget_in_team: dollars, role }),
    request('/team/member_update', { team_id: team, user_id: somebody }, { max_budget_in_team: dollars, role }),
    request('/team/member_delete', { team_id: team, user_id: somebody }),
    request('/user/new', {
      user_id: fc.constant('fresh'),
      organizations: fc.tuple(organization),
      user_role: globalRole,
    }),
    request('/user/new', { user_id: fc.constant('fresh'), organizations: fc.tuple(organization) }, userFields),
    request('/user/new', { organizations: fc.tuple(organization), teams: fc.tuple(team) }),
    request('/user/update', { user_id: somebody }, userFields),
    request('/user/update', { user_id: somebody }, userFields),
    request('/user/bulk_update', {
      users: fc.array(fc.record({ user_id: somebody, user_role: globalRole }), { minLength: 1, maxLength: 3 }),
    }),
    request('/user/delete', { user_ids: fc.tuple(somebody) }),
    request('/organization/update', { organization_id: organization }, bounds),
    request('/organization/member_add', {
      organization_id: organization,
      member: fc.record({ user_id: somebody, role: organizationRole }),
    }),
    request('/organization/member_update', {
      organization_id: organization,
      user_id: somebody,
      role: organizationRole,
    }),
    request('/organization/member_delete', { organization_id: organization, user_id: somebody }),
    request('/budget/new', { budget_id: fc.constant('mine') }, bounds),
    request('/customer/new', { user_id: somebody }),
    request('/tag/new', { name: fc.constant('mine') }),
  )
}

const steps = fc.array(
  actor.chain(who => fc.tuple(fc.constant(who), stepOf(who))),
  { minLength: 1, maxLength: 4 },
)

it('R13 nobody has more by what they do, and nothing of others changes', async () => {
  let done = 0
  const property = fc.asyncProperty(steps, async all => {
    await restore(scene)
    for (const [who, [path, input]] of all) if (await checked(path, input, who)) done++
  })
  await fc.assert(property, { numRuns: 400, seed: 20_261_120, endOnFailure: true })
  // Otherwise the requests above are such that all of them are refused, and nothing is tested.
  expect(done).toBeGreaterThan(100)
}, 120_000)

async function checked(path: string, input: Readonly<Record<string, unknown>>, who: string): Promise<boolean> {
  const before = await powersOf(who)
  const reach = await reachOf(stage.db, await stage.callerOf(who))
  const below = await belowThem(reach)
  const others = await othersThan(who, reach, below)
  const [foreigners, leaves] = [await strangers(), path === '/organization/member_delete']
  const untouched = await stage.everything()
  const done = await tried(path, input, who)
  if (!done || who === 'vera') expect(await stage.everything()).toBe(untouched)
  if (!done) return false
  expectNoMore(before, await powersOf(who))
  const stillBelow = await belowThem(reach)
  expect(await othersThan(who, reach, user => below(user) || stillBelow(user))).toBe(others)
  await expectWithinOrganizations()
  // Who leaves an organization keeps their teams.
  if (!leaves) expect(foreigners).toEqual(expect.arrayContaining([...(await strangers())]))
  return true
}

const TABLES = ['users', 'teams', 'team_members', 'organizations', 'organization_members', 'keys', 'budgets'] as const

type Scene = ReadonlyMap<(typeof TABLES)[number], readonly object[]>

async function snapshot(): Promise<Scene> {
  const rows = new Map<(typeof TABLES)[number], readonly object[]>()
  for (const table of TABLES) rows.set(table, await stage.db.selectFrom(table).selectAll().execute())
  return rows
}

async function restore(scene: Scene): Promise<void> {
  for (const [table, rows] of scene) {
    await stage.db.deleteFrom(table).execute()
    if (rows.length > 0)
      await stage.db
        .insertInto(table)
        .values(rows as never)
        .execute()
  }
  await stage.db.deleteFrom('changes').execute()
}

/** Whether it was done; a refusal is fine, whatever else goes wrong is not. */
async function tried(path: string, input: Readonly<Record<string, unknown>>, who: string): Promise<boolean> {
  try {
    await stage.ask(path, input, who)
    return true
  } catch (error) {
    if (error instanceof Failure && error.verdict.status < 500) return false
    throw error
  }
}
