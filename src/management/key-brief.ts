import type { Kysely } from 'kysely'
import type { Database, KeyRow } from '../store/schema.ts'
import { shownKeys } from './key-view.ts'

/** So many keys are told with a team or a user; `/key/list` has them all, in pages. */
const MOST = 1_000

export interface KeyFilter {
  readonly column: 'user_id' | 'team_id'
  readonly values: readonly string[]
  /** Only those of this user. */
  readonly userId?: string
  /** Only those of these teams and organizations, and such as are of none. */
  readonly within?: { readonly teams: ReadonlySet<string>; readonly organizations: ReadonlySet<string> }
}

/** Keys as they are told with the team or user that they belong to: the newest 1,000, without a word of the key itself. */
export async function briefKeys(db: Kysely<Database>, { column, values, userId, within }: KeyFilter) {
  if (values.length === 0) return []
  let query = db.selectFrom('keys').selectAll().where(column, 'in', values)
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  const rows = await query.orderBy('created_at', 'desc').orderBy('id').limit(MOST).execute()
  return shownKeys(db, within ? rows.filter(row => isWithin(row, within)) : rows)
}

/** A key of a team is seen by that, whatever its organization. */
function isWithin({ team_id, organization_id }: KeyRow, { teams, organizations }: NonNullable<KeyFilter['within']>) {
  if (team_id !== null) return teams.has(team_id)
  return organization_id === null || organizations.has(organization_id)
}
