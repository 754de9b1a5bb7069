import type { Kysely } from 'kysely'
import type { Database, OrganizationRow } from '../store/schema.ts'
import { shownStand, standsOf } from './entity-budgets.ts'
import { readData, shownDates, shownFields } from './entity-data.ts'
import { emailsOf } from './people.ts'
import { shownTeams } from './team-view.ts'

/** The terms of an organization, as LiteLLM shows them in a table of their own. */
const TERMS = [
  'max_budget',
  'soft_budget',
  'budget_duration',
  'max_parallel_requests',
  'tpm_limit',
  'rpm_limit',
  'model_max_budget',
  'budget_limits',
] as const

/** Organizations as LiteLLM's API shows them, in their order. */
export async function shownOrganizations(db: Kysely<Database>, organizations: readonly OrganizationRow[]) {
  const stands = await standsOf(db, { level: 'organization', subjects: organizations.map(({ id }) => id) })
  return organizations.map(row => {
    const data = readData(row)
    const { spend, budget_reset_at } = shownStand(stands.get(row.id))
    return {
      organization_id: row.id,
      organization_alias: row.alias,
      budget_id: null,
      metadata: data.metadata ?? {},
      models: data.models ?? [],
      spend,
      model_spend: {},
      litellm_budget_table: { budget_id: null, ...shownFields(data, TERMS), budget_reset_at },
      ...shownDates(row),
    }
  })
}

/** The members and teams of organizations, by organization. */
export async function organizationDetails(db: Kysely<Database>, ids: readonly string[]) {
  if (ids.length === 0) return () => ({ members: [], teams: [] })
  const members = await shownOrganizationMembers(db, ids)
  const teams = await shownTeams(
    db,
    await db.selectFrom('teams').selectAll().where('organization_id', 'in', ids).orderBy('id').limit(1_000).execute(),
  )
  return (id: string) => ({
    members: members.filter(member => member.organization_id === id),
    teams: teams.filter(team => team.organization_id === id),
  })
}

/** Memberships as LiteLLM's API shows them; `users`: only theirs. */
export async function shownOrganizationMembers(
  db: Kysely<Database>,
  organizations: readonly string[],
  users?: readonly string[],
) {
  let query = db.selectFrom('organization_members').selectAll().where('organization_id', 'in', organizations)
  if (users !== undefined) query = query.where('user_id', 'in', users)
  const rows = await query.orderBy('organization_id').orderBy('user_id').execute()
  const emails = await emailsOf(db, [...new Set(rows.map(row => row.user_id))])
  return rows.map(({ organization_id, user_id, role }) => ({
    organization_id,
    user_id,
    user_email: emails.get(user_id) ?? null,
    user_role: role,
    budget_id: null,
    spend: 0,
    litellm_budget_table: null,
  }))
}
