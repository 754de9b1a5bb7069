import type { Transaction } from 'kysely'
import { z } from 'zod'
import { memberSubject } from '../access/budget-terms.ts'
import type { Ms } from '../core/clock.ts'
import type { Database, TeamMemberRow, TeamRow } from '../store/schema.ts'
import { type Changed, writeChange } from './change.ts'
import { dropBudgetsOf } from './entity-budgets.ts'
import { auditable, patched, readData } from './entity-data.ts'
import { badRequest, notAllowed } from './errors.ts'
import { budgetDuration, count, id, usd } from './fields.ts'
import { removeMemberKeys } from './key-removal.ts'
import type { Operation } from './operation.ts'
import { makerOf, noSuchUser, type Person } from './people.ts'
import { WRITERS } from './role-groups.ts'
import { member, memberRole, named, person, ROLES_SAID, SAY_WHO } from './team-fields.ts'
import { addMembers, shownAdded } from './team-membership.ts'
import { type FoundTeam, lockTeam, setMemberBudgets } from './team-rows.ts'
import { oneShownTeam, type ShownTeam, shownMemberships } from './team-view.ts'

const addInput = z.strictObject({
  team_id: id,
  member: z.union([member, z.array(member).min(1).max(500)], {
    error: `must be {user_id or user_email, role: ${ROLES_SAID}}, or a list of 1 to 500 of them`,
  }),
  max_budget_in_team: usd.nullish(),
})

/** Puts one or several people into a team: all of them, or none. */
export const teamMemberAdd: Operation<z.infer<typeof addInput>> = {
  method: 'POST',
  paths: ['/team/member_add'],
  name: 'team/member_add',
  roles: WRITERS,
  input: addInput,
  run: (context, { team_id, member, max_budget_in_team }) =>
    writeChange(context, 'team/member_add', async (trx, now) => {
      const { team, reach } = await lockTeam(trx, context.caller, { id: team_id, to: 'members' })
      const people = Array.isArray(member) ? member : [member]
      const maker = makerOf(context, now)
      const terms = { max_budget: max_budget_in_team ?? null }
      const added = await addMembers(trx, people, { team, reach, maker, terms })
      const result = {
        ...(await oneShownTeam(trx, team)),
        updated_users: await shownAdded(trx, { users: added.users, reach }),
        updated_team_memberships: await shownMemberships(trx, added.members),
      }
      return { result, changed: [{ kind: 'team' as const, id: team_id }, ...added.changed] }
    }),
}

const updateInput = z
  .strictObject({
    team_id: id,
    ...person,
    role: memberRole.optional(),
    max_budget_in_team: usd.nullish(),
    budget_duration: budgetDuration.nullish(),
    tpm_limit: count.nullish(),
    rpm_limit: count.nullish(),
  })
  .refine(named, SAY_WHO)

/** Changes what a member is in a team, and what they may spend and ask there. */
export const teamMemberUpdate: Operation<z.infer<typeof updateInput>> = {
  method: 'POST',
  paths: ['/team/member_update'],
  name: 'team/member_update',
  roles: WRITERS,
  input: updateInput,
  run: (context, input) =>
    writeChange(context, 'team/member_update', async (trx, now) => {
      const found = await lockTeam(trx, context.caller, { id: input.team_id, to: 'members' })
      const before = await memberNamed(trx, found.team, input)
      const { max_budget_in_team, budget_duration, tpm_limit, rpm_limit, role = before.row.role } = input
      const patch = { max_budget: max_budget_in_team, budget_duration, tpm_limit, rpm_limit }
      requireNotOwn(found, before.row, patch)
      const data = patched(readData(before.row), patch)
      const after: TeamMemberRow = { ...before.row, role, data: JSON.stringify(data) }
      await saveMember(trx, now, { team: found.team, member: after })
      return {
        result: {
          team_id: after.team_id,
          user_id: after.user_id,
          user_email: before.email,
          role,
          max_budget_in_team: data.max_budget ?? null,
          budget_duration: data.budget_duration ?? null,
          tpm_limit: data.tpm_limit ?? null,
          rpm_limit: data.rpm_limit ?? null,
        },
        changed: memberChange(before.row, after),
      }
    }),
}

/** Administrators of a team bound its other members; what bounds themselves is set by those above the team. */
function requireNotOwn({ right, reach }: FoundTeam, row: TeamMemberRow, patch: object): void {
  if (right !== 'admin' || row.user_id !== reach.userId) return
  const name = Object.entries(patch).find(([, value]) => value !== undefined)?.[0]
  if (name !== undefined) throw notAllowed('nobody sets their own budget and limits in a team', name)
}

async function saveMember(
  trx: Transaction<Database>,
  now: Ms,
  { team, member }: { readonly team: TeamRow; readonly member: TeamMemberRow },
): Promise<void> {
  await trx
    .updateTable('team_members')
    .set({ role: member.role, data: member.data })
    .where('team_id', '=', member.team_id)
    .where('user_id', '=', member.user_id)
    .execute()
  await setMemberBudgets(trx, now, { team, members: [member] })
}

/** Who has a key of the team is known by their team and by their user: both are to be read anew. */
function memberChange(before: TeamMemberRow, after: TeamMemberRow | undefined): readonly Changed[] {
  return [
    { kind: 'team', id: before.team_id, before: auditable(before), ...(after && { after: auditable(after) }) },
    { kind: 'user', id: before.user_id },
  ]
}

const deleteInput = z.strictObject({ team_id: id, ...person }).refine(named, SAY_WHO)

/** Takes somebody out of a team, and their keys of it: a member's keys are not to outlive what bounds them. */
export const teamMemberDelete: Operation<z.infer<typeof deleteInput>, ShownTeam> = {
  method: 'POST',
  paths: ['/team/member_delete'],
  name: 'team/member_delete',
  roles: WRITERS,
  input: deleteInput,
  run: (context, input) =>
    writeChange(context, 'team/member_delete', async trx => {
      const { team } = await lockTeam(trx, context.caller, { id: input.team_id, to: 'members' })
      const { row } = await memberNamed(trx, team, input)
      const keys = await removeMember(trx, row)
      return { result: await oneShownTeam(trx, team), changed: [...keys, ...memberChange(row, undefined)] }
    }),
}

async function removeMember(trx: Transaction<Database>, member: TeamMemberRow): Promise<readonly Changed[]> {
  const { team_id: teamId, user_id: userId } = member
  await trx.deleteFrom('team_members').where('team_id', '=', teamId).where('user_id', '=', userId).execute()
  await dropBudgetsOf(trx, [{ level: 'team_member', subject: memberSubject(teamId, userId) }])
  return removeMemberKeys(trx, { teamId, userId })
}

/** The member whom a request names; somebody who is no member is not told from nobody. */
async function memberNamed(trx: Transaction<Database>, team: TeamRow, who: Person) {
  let query = trx
    .selectFrom('team_members as member')
    .leftJoin('users', 'users.id', 'member.user_id')
    .select(['member.team_id', 'member.user_id', 'member.role', 'member.plan_id', 'member.data', 'users.email'])
    .where('member.team_id', '=', team.id)
  if (who.user_id !== undefined) query = query.where('member.user_id', '=', who.user_id)
  if (who.user_email !== undefined) query = query.where('users.email', '=', who.user_email)
  const [found, another] = await query.limit(2).execute()
  if (!found) throw noSuchUser(who)
  if (another) throw badRequest('several members have this address; say which by user_id', 'user_email')
  const { email, ...row } = found
  return { row, email }
}
