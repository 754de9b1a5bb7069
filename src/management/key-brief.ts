import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import { shownKeys } from './key-view.ts'

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
  return shownKeys(db, within)
}
