import type { Kysely } from 'kysely'
import { memberSubject } from '../access/budget-terms.ts'
import { dataOf, type PlanData } from '../access/fields.ts'
import type { Database, TeamMemberRow, TeamRow } from '../store/schema.ts'
import { limitOf, shownStand, standsOf } from './entity-budgets.ts'
import { readData, shownDates, shownFields } from './entity-data.ts'
import { emailsOf } from './people.ts'
import { DEFAULT_PERMISSIONS, TEAM_DATA } from './team-fields.ts'
import { membersOf } from './team-rows.ts'

/** Teams as LiteLLM's API shows them, in their order. */
export async function shownTeams(db: Kysely<Database>, teams: readonly TeamRow[]) {
  const ids = teams.map(({ id }) => id)
  const members = await membersOf(db, ids)
  const emails = await emailsOf(db, [...new Set([...members.values()].flat().map(({ user_id }) => user_id))])
  const stands = await standsOf(db, { level: 'team', subjects: ids })
  return teams.map(team => {
    const own = members.get(team.id) ?? []
    return { ...shownTeam(team, own, emails), ...shownStand(stands.get(team.id)) }
  })
}

export type ShownTeam = Awaited<ReturnType<typeof shownTeams>>[number]

/** One team, as it is after a change. */
export async function oneShownTeam(db: Kysely<Database>, team: TeamRow): Promise<ShownTeam> {
  const [shown] = await shownTeams(db, [team])
  if (!shown) throw new Error('a team is shown as one')
  return shown
}

function shownTeam(team: TeamRow, members: readonly TeamMemberRow[], emails: ReadonlyMap<string, string>) {
  const data = readData(team)
  return {
    team_id: team.id,
    team_alias: team.alias,
    organization_id: team.organization_id,
    ...shownFields(data, TEAM_DATA),
    metadata: data.metadata ?? {},
    models: data.models ?? [],
    team_member_permissions: data.team_member_permissions ?? DEFAULT_PERMISSIONS,
    blocked: team.blocked === 1,
    admins: members.filter(({ role }) => role === 'admin').map(({ user_id }) => user_id),
    members: members.map(({ user_id }) => user_id),
    members_with_roles: members.map(({ user_id, role }) => ({
      user_id,
      user_email: emails.get(user_id) ?? null,
      role,
    })),
    model_id: null,
    litellm_model_table: data.model_aliases ? { model_aliases: data.model_aliases } : null,
    ...shownDates(team),
  }
}

/** Memberships as LiteLLM's API shows them: what each member has spent in the team, and may. */
export async function shownMemberships(db: Kysely<Database>, members: readonly TeamMemberRow[]) {
  const subjects = members.map(({ team_id, user_id }) => memberSubject(team_id, user_id))
  const stands = await standsOf(db, { level: 'team_member', subjects })
  return members.map(({ team_id, user_id, role, plan_id, data }) => {
    const own = dataOf<PlanData>(data)
    const stand = stands.get(memberSubject(team_id, user_id))
    const { spend, budget_reset_at } = shownStand(stand)
    return {
      user_id,
      team_id,
      role,
      budget_id: plan_id,
      spend,
      litellm_budget_table: {
        budget_id: plan_id,
        max_budget: limitOf(stand),
        budget_duration: stand && stand.period !== 'total' ? stand.period : null,
        budget_reset_at,
        tpm_limit: own.tpm_limit ?? null,
        rpm_limit: own.rpm_limit ?? null,
        max_parallel_requests: own.max_parallel_requests ?? null,
      },
    }
  })
}
