import type { Transaction } from 'kysely'
import { z } from 'zod'
import { ulids } from '../core/id.ts'
import type { JsonObject } from '../core/json.ts'
import type { Database, TeamRow } from '../store/schema.ts'
import { requireWithinKey } from './bound-keys.ts'
import { writeChange } from './change.ts'
import { setBudgets } from './entity-budgets.ts'
import { auditable, dataText, madeBy, patched, readData } from './entity-data.ts'
import { badRequest, notAllowed, notFound } from './errors.ts'
import { id, names } from './fields.ts'
import type { Operation, OperationContext } from './operation.ts'
import { requireWithin } from './organization-bounds.ts'
import { type Maker, makerOf } from './people.ts'
import { administers, type Reach, reachOf } from './reach.ts'
import { WRITERS } from './role-groups.ts'
import { member, teamColumns, teamData, teamNothing } from './team-fields.ts'
import { addMembers, type NewMember } from './team-membership.ts'
import { type FoundTeam, lockTeam, membersOf, setMemberBudgets } from './team-rows.ts'
import { oneShownTeam, type ShownTeam } from './team-view.ts'
import { requireUnspent } from './unspent-ids.ts'
import { requireSameReserved, requireSameTags, requireWritable } from './writable.ts'

const newTeam = z.strictObject({
  ...teamColumns,
  ...teamData,
  ...teamNothing,
  team_id: id.nullish(),
  admins: names.nullish(),
  members: names.nullish(),
  members_with_roles: z.array(member).max(500).nullish(),
})

const changedTeam = z.strictObject({ ...teamColumns, ...teamData, ...teamNothing, team_id: id })

type NewTeam = z.infer<typeof newTeam>
type ChangedTeam = z.infer<typeof changedTeam>

/** Makes a team, its budgets and its first members; who makes it is its administrator. */
export const teamNew: Operation<NewTeam, ShownTeam> = {
  method: 'POST',
  paths: ['/team/new'],
  name: 'team/new',
  roles: WRITERS,
  input: newTeam,
  run: (context, input) =>
    writeChange(context, 'team/new', async (trx, now) => {
      const maker = makerOf(context, now)
      const reach = await reachOf(trx, context.caller)
      requireWithinKey(context.caller, { organization_id: input.organization_id ?? null })
      await requirePlace(trx, reach, { ...context, organization_id: input.organization_id, fields: fieldsOf(input) })
      if (reach.kind !== 'all') await requireOwn(trx, input)
      const team = teamRow(input, maker)
      await insertTeam(trx, team)
      await setTeamBudgets(trx, now, team)
      const added = await addMembers(trx, firstMembers(input, reach), { team, reach, maker })
      return {
        result: await oneShownTeam(trx, team),
        changed: [{ kind: 'team', id: team.id, after: auditable(team) }, ...added.changed],
      }
    }),
}

/** What only administrators of the gateway say of a new team. */
async function requireOwn(trx: Transaction<Database>, { team_id, metadata, tags }: NewTeam): Promise<void> {
  requireSameReserved({}, metadata ?? undefined)
  requireSameTags({}, tags ?? undefined)
  if (team_id) await requireUnspent(trx, 'team_id', team_id)
}

/** Teams stand in an organization that the caller administers; only administrators of the gateway make others. */
async function requirePlace(trx: Transaction<Database>, reach: Reach, place: Place): Promise<void> {
  const { organization_id, fields, accessGroups } = place
  if (organization_id === null || organization_id === undefined) {
    if (reach.kind === 'all') return
    throw notAllowed('only administrators of the gateway make teams without an organization', 'organization_id')
  }
  const organization = await trx
    // An update is a lock: the organization stays as it is, and there, until the team stands in it.
    .updateTable('organizations')
    .set({ id: organization_id })
    .where('id', '=', organization_id)
    .returning(['id', 'data'])
    .executeTakeFirst()
  if (!organization || !administers(reach, organization_id)) throw notFound('organization', organization_id)
  requireWithin(organization, fields, accessGroups)
}

interface Place extends Pick<OperationContext, 'accessGroups'> {
  readonly organization_id: string | null | undefined
  readonly fields: JsonObject
}

/** What a request says that is kept in `data`. */
function fieldsOf(input: NewTeam | ChangedTeam) {
  const { team_id: _id, team_alias: _alias, organization_id: _organization, blocked: _blocked, ...fields } = input
  const { admins: _admins, members: _members, members_with_roles: _roles, ...data } = fields as Partial<NewTeam>
  return data
}

function teamRow(input: NewTeam, { keyId, now }: Maker): TeamRow {
  return {
    id: input.team_id ?? ulids(() => now)(),
    alias: input.team_alias ?? null,
    organization_id: input.organization_id ?? null,
    blocked: input.blocked ? 1 : 0,
    data: dataText(fieldsOf(input)),
    ...madeBy(keyId, now),
  }
}

async function insertTeam(trx: Transaction<Database>, team: TeamRow): Promise<void> {
  const written = await trx
    .insertInto('teams')
    .values(team)
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!written) throw badRequest(`there is a team '${team.id}' already`, 'team_id')
}

/** Each once; who is named twice is an administrator if either says so. */
function firstMembers(input: NewTeam, { userId, kind }: Reach): readonly NewMember[] {
  const people: NewMember[] = [
    ...(input.members_with_roles ?? []),
    ...(input.admins ?? []).map(user_id => ({ user_id, role: 'admin' as const })),
    ...(input.members ?? []).map(user_id => ({ user_id, role: 'user' as const })),
    ...(userId !== undefined && kind === 'own' ? [{ user_id: userId, role: 'admin' as const }] : []),
  ]
  const once = new Map<string, NewMember>()
  for (const one of people) {
    const key = one.user_id ?? `@${one.user_email}`
    if (once.get(key)?.role !== 'admin') once.set(key, one)
  }
  return [...once.values()]
}

function setTeamBudgets(trx: Transaction<Database>, now: number, team: TeamRow): Promise<void> {
  return setBudgets(trx, now, [{ level: 'team', subject: team.id, name: team.alias, fields: readData(team) }])
}

/** What administrators of a team may change of it: nothing that widens what it may do. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['team_id', 'team_alias', 'metadata', 'team_member_permissions'])

/** Changes a team. What is absent stays; null takes away. */
export const teamUpdate: Operation<ChangedTeam, { team_id: string; data: ShownTeam }> = {
  method: 'POST',
  paths: ['/team/update'],
  name: 'team/update',
  roles: WRITERS,
  input: changedTeam,
  run: (context, input) =>
    writeChange(context, 'team/update', async (trx, now) => {
      const found = await lockTeam(trx, context.caller, { id: input.team_id, to: 'members' })
      await requireMay(trx, { ...found, accessGroups: context.accessGroups }, input)
      const { team: before } = found
      const after: TeamRow = {
        ...before,
        alias: input.team_alias === undefined ? before.alias : input.team_alias,
        organization_id: input.organization_id === undefined ? before.organization_id : input.organization_id,
        blocked: input.blocked === undefined ? before.blocked : Number(input.blocked ?? false),
        data: JSON.stringify(patched(readData(before), fieldsOf(input))),
        updated_at: now,
        updated_by: context.caller.keyId,
      }
      const changed = await saveTeam(trx, { before, after })
      return { result: { team_id: after.id, data: await oneShownTeam(trx, after) }, changed }
    }),
}

async function requireMay(
  trx: Transaction<Database>,
  { team, right, reach, accessGroups }: FoundTeam & Pick<OperationContext, 'accessGroups'>,
  input: ChangedTeam,
) {
  if (right === 'admin') requireWritable(input, OWN_FIELDS, 'an administrator of the team')
  if (right !== 'all') {
    requireSameReserved(readData(team), input.metadata === null ? {} : input.metadata)
    requireSameTags(readData(team), input.tags)
  }
  const organization_id = input.organization_id === undefined ? team.organization_id : input.organization_id
  if (right === 'admin') return
  await requirePlace(trx, reach, { organization_id, accessGroups, fields: patched(readData(team), fieldsOf(input)) })
}

export interface TeamChange {
  readonly before: TeamRow
  readonly after: TeamRow
}

/** Writes a team as it is to be, and what follows from it: its budgets, its members' and the organization of its keys. */
export async function saveTeam(trx: Transaction<Database>, { before, after }: TeamChange) {
  const { id: _id, ...columns } = after
  await trx.updateTable('teams').set(columns).where('id', '=', after.id).execute()
  await setTeamBudgets(trx, after.updated_at, after)
  const members = (await membersOf(trx, [after.id])).get(after.id) ?? []
  await setMemberBudgets(trx, after.updated_at, { team: after, members })
  if (before.organization_id !== after.organization_id) {
    const { organization_id } = after
    await trx.updateTable('keys').set({ organization_id }).where('team_id', '=', after.id).execute()
  }
  return [{ kind: 'team', id: after.id, before: auditable(before), after: auditable(after) }] as const
}
