import type { Kysely } from 'kysely'
import type { Database, KeyRow } from '../store/schema.ts'
import { shownStand, standsOf } from './entity-budgets.ts'
import { isoTime, readData, shownDates, shownFields } from './entity-data.ts'

/** What of a key's fields is told with the team or user that it belongs to. */
const SHOWN = [
  'models',
  'max_budget',
  'soft_budget',
  'budget_duration',
  'model_max_budget',
  'tpm_limit',
  'rpm_limit',
  'max_parallel_requests',
  'metadata',
  'tags',
] as const

/** So many keys are told with a team or a user; `/key/list` has them all, in pages. */
const MOST = 1_000

export interface KeyFilter {
  readonly column: 'user_id' | 'team_id'
  readonly values: readonly string[]
  /** Only those of this user. */
  readonly userId?: string
  /** Only those of these teams and of no team. */
  readonly teams?: ReadonlySet<string>
}

/** Keys as they are told with the team or user that they belong to: the newest 1,000, without a word of the key itself. */
export async function briefKeys(db: Kysely<Database>, { column, values, userId, teams }: KeyFilter) {
  if (values.length === 0) return []
  let query = db.selectFrom('keys').selectAll().where(column, 'in', values)
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  const rows = await query.orderBy('created_at', 'desc').orderBy('id').limit(MOST).execute()
  const within = teams ? rows.filter(row => row.team_id === null || teams.has(row.team_id)) : rows
  const stands = await standsOf(db, { level: 'key', subjects: within.map(({ id }) => id) })
  return within.map(row => ({ ...briefKey(row), ...shownStand(stands.get(row.id)) }))
}

function briefKey(row: KeyRow) {
  const data = readData(row)
  return {
    token: row.id,
    key_name: row.name,
    key_alias: row.alias,
    user_id: row.user_id,
    team_id: row.team_id,
    organization_id: row.organization_id,
    budget_id: row.plan_id,
    expires: isoTime(row.expires_at),
    blocked: row.blocked === 1,
    ...shownFields(data, SHOWN),
    models: data.models ?? [],
    metadata: data.metadata ?? {},
    ...shownDates(row),
  }
}
