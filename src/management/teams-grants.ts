import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { writeChange } from './change.ts'
import { patched, readData } from './entity-data.ts'
import { badRequest } from './errors.ts'
import { id, names } from './fields.ts'
import type { Operation, OperationContext } from './operation.ts'
import { requireWithin, textsOf } from './organization-bounds.ts'
import { READERS, WRITERS } from './role-groups.ts'
import { DEFAULT_PERMISSIONS, TEAM_PERMISSIONS, teamPermissions } from './team-fields.ts'
import { type FoundTeam, findTeam, lockTeam } from './team-rows.ts'
import { oneShownTeam, type ShownTeam } from './team-view.ts'
import { saveTeam } from './teams.ts'

const blockInput = z.strictObject({ team_id: id })

/** Refuses all calls of a team's keys until it is unblocked. */
export const teamBlock = blocking('team/block', 1)
export const teamUnblock = blocking('team/unblock', 0)

function blocking(name: string, blocked: 0 | 1): Operation<z.infer<typeof blockInput>, ShownTeam> {
  return {
    method: 'POST',
    paths: [`/${name}`],
    name,
    roles: WRITERS,
    input: blockInput,
    run: (context, { team_id }) =>
      changeTeam(context, { name, team_id, to: 'manage' }, ({ team }) => ({ blocked, data: readData(team) })),
  }
}

interface Occasion {
  readonly name: string
  readonly team_id: string
  readonly to: 'manage' | 'members'
}

type Next = { readonly data: JsonObject; readonly blocked?: 0 | 1 }

function changeTeam(
  context: OperationContext,
  { name, team_id, to }: Occasion,
  change: (found: FoundTeam) => Next | Promise<Next>,
): Promise<ShownTeam> {
  return writeChange(context, name, async (trx, now) => {
    const found = await lockTeam(trx, context.caller, { id: team_id, to })
    const before = found.team
    const { data, blocked = before.blocked } = await change(found)
    const organization =
      before.organization_id !== null &&
      (await trx
        .selectFrom('organizations')
        .select(['id', 'data'])
        .where('id', '=', before.organization_id)
        .executeTakeFirst())
    if (organization) requireWithin(organization, { models: data.models }, context.accessGroups)
    const stamp = { updated_at: now, updated_by: context.caller.keyId }
    const after = { ...before, ...stamp, blocked, data: JSON.stringify(data) }
    const changed = await saveTeam(trx, { before, after })
    return { result: await oneShownTeam(trx, after), changed }
  })
}

const modelsInput = z.strictObject({ team_id: id, models: names.min(1) })

/** Grants a team more models. A team that may use all keeps them all. */
export const teamModelAdd = granting('team/model/add', (has, models) =>
  has.length === 0 ? has : [...new Set([...has.filter(name => name !== NOTHING), ...models])],
)

/** Takes models from a team. When none is left it has none, which is not the same as the empty list: that is all. */
export const teamModelDelete = granting('team/model/delete', (has, models) => {
  if (has.length === 0) throw badRequest('the team may use all models; say which by /team/update', 'models')
  const left = has.filter(name => !models.includes(name))
  return left.length === 0 ? [NOTHING] : left
})

/** LiteLLM's name for a grant of nothing: there is no pool of that name. */
const NOTHING = 'no-default-models'

function granting(
  name: string,
  next: (has: readonly string[], models: readonly string[]) => readonly string[],
): Operation<z.infer<typeof modelsInput>, ShownTeam> {
  return {
    method: 'POST',
    paths: [`/${name}`],
    name,
    roles: WRITERS,
    input: modelsInput,
    run: (context, { team_id, models }) =>
      changeTeam(context, { name, team_id, to: 'manage' }, ({ team }) => {
        const data = readData(team)
        return { data: patched(data, { models: next(textsOf(data.models), models) }) }
      }),
  }
}

export interface TeamPermissions {
  readonly team_id: string
  readonly team_member_permissions: readonly string[]
  readonly all_available_permissions: readonly string[]
}

/** What members of a team may do with its keys. */
export const teamPermissionsList: Operation<z.infer<typeof blockInput>, TeamPermissions> = {
  method: 'GET',
  paths: ['/team/permissions_list'],
  name: 'team/permissions_list',
  roles: READERS,
  input: blockInput,
  async run({ store, caller }, { team_id }) {
    const { team } = await findTeam(store.db, caller, team_id)
    const said = readData(team).team_member_permissions
    return {
      team_id,
      team_member_permissions: said === undefined ? DEFAULT_PERMISSIONS : textsOf(said),
      all_available_permissions: TEAM_PERMISSIONS,
    }
  },
}

const permissionsInput = z.strictObject({ team_id: id, team_member_permissions: teamPermissions })

export const teamPermissionsUpdate: Operation<z.infer<typeof permissionsInput>, ShownTeam> = {
  method: 'POST',
  paths: ['/team/permissions_update'],
  name: 'team/permissions_update',
  roles: WRITERS,
  input: permissionsInput,
  run: (context, { team_id, team_member_permissions }) =>
    changeTeam(context, { name: 'team/permissions_update', team_id, to: 'members' }, ({ team }) => ({
      data: patched(readData(team), { team_member_permissions }),
    })),
}
