import type { Kysely, Transaction } from 'kysely'
import { memberSubject } from '../access/budget-terms.ts'
import { dataOf, over, type PlanData, type TeamData } from '../access/fields.ts'
import type { Caller } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import type { Database, TeamMemberRow, TeamRow } from '../store/schema.ts'
import { requireWithinKey } from './bound-keys.ts'
import { type BudgetOwner, setBudgets } from './entity-budgets.ts'
import { notAllowed, notFound } from './errors.ts'
import { type Reach, reachOf, type TeamRight, teamRight } from './reach.ts'

/** A team as the caller stands to it. */
export interface FoundTeam {
  readonly team: TeamRow
  readonly right: TeamRight
  readonly reach: Reach
}

/** @throws Failure `not_found` when there is none, or none that the caller may know of */
export async function findTeam(db: Kysely<Database>, caller: Caller, id: string): Promise<FoundTeam> {
  const team = await db.selectFrom('teams').selectAll().where('id', '=', id).executeTakeFirst()
  const reach = await reachOf(db, caller)
  const right = team && teamRight(reach, team)
  if (!team || !right) throw notFound('team', id)
  return { team, right, reach }
}

/** Who may do what to a team; `manage` is for those above it, `members` also for its own administrators. */
const MAY = {
  manage: ['all', 'organization'],
  members: ['all', 'organization', 'admin'],
} as const satisfies Record<string, readonly TeamRight[]>

/**
 * The team for a change, locked against other changes until the transaction ends.
 * @throws Failure `not_found` as `findTeam`, `forbidden` when the caller sees it and may not change it
 */
export async function lockTeam(
  trx: Transaction<Database>,
  caller: Caller,
  { id, to }: { readonly id: string; readonly to: keyof typeof MAY },
): Promise<FoundTeam> {
  // An update is the lock that SQLite and PostgreSQL both have a word for.
  await trx.updateTable('teams').set({ id }).where('id', '=', id).execute()
  const found = await findTeam(trx, caller, id)
  requireWithinKey(caller, { team_id: id, organization_id: found.team.organization_id })
  const allowed: readonly TeamRight[] = MAY[to]
  if (allowed.includes(found.right)) return found
  throw notAllowed(
    to === 'members'
      ? `only administrators of team '${id}' may change its members`
      : `only an administrator of the gateway or of the team's organization may change team '${id}'`,
  )
}

/** The members of teams, by team. */
export async function membersOf(
  db: Kysely<Database>,
  teams: readonly string[],
): Promise<ReadonlyMap<string, readonly TeamMemberRow[]>> {
  const members = new Map<string, TeamMemberRow[]>(teams.map(id => [id, []]))
  for (let at = 0; at < teams.length; at += 500) {
    const rows = await db
      .selectFrom('team_members')
      .selectAll()
      .where('team_id', 'in', teams.slice(at, at + 500))
      .orderBy('team_id')
      .orderBy('user_id')
      .execute()
    for (const row of rows) members.get(row.team_id)?.push(row)
  }
  return members
}

/** What a member may spend: what is said for them, else what their plan says, else what the team says for its members. */
function memberFields(
  team: { readonly data: string },
  member: { readonly data: string },
  plan: { readonly data: string } | undefined,
): PlanData {
  const said = dataOf<TeamData>(team.data)
  const defaults: PlanData = {
    max_budget: said.team_member_budget ?? null,
    budget_duration: said.team_member_budget_duration ?? null,
    rpm_limit: said.team_member_rpm_limit ?? null,
    tpm_limit: said.team_member_tpm_limit ?? null,
  }
  return over<PlanData>(dataOf<PlanData>(member.data), over<PlanData>(dataOf<PlanData>(plan?.data), defaults))
}

/** Makes the budgets of members what their fields, their plans and their team say. */
export async function setMemberBudgets(
  trx: Transaction<Database>,
  now: Ms,
  { team, members }: { readonly team: TeamRow; readonly members: readonly TeamMemberRow[] },
): Promise<void> {
  const ids = [...new Set(members.flatMap(({ plan_id }) => (plan_id === null ? [] : [plan_id])))]
  const plans =
    ids.length === 0 ? [] : await trx.selectFrom('plans').select(['id', 'data']).where('id', 'in', ids).execute()
  const planOf = new Map(plans.map(plan => [plan.id, plan]))
  await setBudgets(
    trx,
    now,
    members.map(member => memberOwner(team, member, planOf.get(member.plan_id ?? ''))),
  )
}

function memberOwner(team: TeamRow, member: TeamMemberRow, plan: { readonly data: string } | undefined): BudgetOwner {
  return {
    level: 'team_member',
    subject: memberSubject(team.id, member.user_id),
    name: `${member.user_id} in ${team.alias ?? team.id}`,
    fields: memberFields(team, member, plan),
  }
}
