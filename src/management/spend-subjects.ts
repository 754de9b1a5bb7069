import { type Kysely, type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { BudgetState } from '../core/budget.ts'
import { nanoToUsd } from '../core/money.ts'
import { standOf } from '../store/budgets.ts'
import { textIn } from '../store/dialect.ts'
import type { Database } from '../store/schema.ts'
import { isoTime } from './entity-data.ts'
import { notFound } from './errors.ts'
import { id } from './fields.ts'
import type { Operation } from './operation.ts'
import { ADMIN_READERS } from './role-groups.ts'

/** Keys, or users, that one answer holds at most. */
const MAX_SUBJECTS = 1_000

const nothing = z.strictObject({})

/** `GET /spend/keys`: the keys that have spent most in the windows of their budgets, at most 1,000. */
export const spendKeys: Operation = {
  method: 'GET',
  paths: ['/spend/keys'],
  name: 'spend/keys',
  roles: ADMIN_READERS,
  input: nothing,
  async run({ store }) {
    const rows = await store.db
      .selectFrom('keys')
      .innerJoin('budgets', join => join.on('budgets.id', '=', mainBudget(store.db)))
      .select([
        'keys.id',
        'keys.name',
        'keys.alias',
        'keys.user_id',
        'keys.team_id',
        'keys.expires_at',
        'keys.created_at',
      ])
      .select('budgets.id as budget')
      .orderBy('budgets.spent', 'desc')
      .orderBy('keys.id')
      .limit(MAX_SUBJECTS)
      .execute()
    const stands = await standOf(
      store.db,
      rows.map(one => one.budget),
    )
    return rows.map(row => ({
      token: row.id,
      key_name: row.name,
      key_alias: row.alias,
      ...shownStand(stands.get(row.budget)),
      user_id: row.user_id,
      team_id: row.team_id,
      expires: isoTime(row.expires_at),
      created_at: isoTime(row.created_at),
    }))
  },
}

/** The id of a key's main budget, found by its primary key: `budgetId` of `keySubject`, whose ids need no encoding. */
function mainBudget(db: Kysely<Database>): RawBuilder<string> {
  const subject = sql`coalesce(${textIn(db, 'keys.data', 'budget_subject')}, ${sql.ref('keys.id')})`
  return sql<string>`${sql.lit('key|')} || ${subject}`
}

const usersInput = z.strictObject({ user_id: id.optional() })

/** `GET /spend/users`: users with what they have spent in the windows of their budgets, the most first, at most 1,000. */
export const spendUsers: Operation<z.output<typeof usersInput>> = {
  method: 'GET',
  paths: ['/spend/users'],
  name: 'spend/users',
  roles: ADMIN_READERS,
  input: usersInput,
  async run({ store }, { user_id }) {
    let query = store.db
      .selectFrom('budgets')
      .innerJoin('users', 'users.id', 'budgets.subject')
      .select(['users.id', 'users.email', 'users.alias', 'users.role'])
      .select('budgets.id as budget')
      .where('budgets.level', '=', 'user')
      .where('budgets.id', 'not like', '%|%|%')
    if (user_id !== undefined) query = query.where('users.id', '=', user_id)
    const rows = await query.orderBy('budgets.spent', 'desc').orderBy('users.id').limit(MAX_SUBJECTS).execute()
    if (user_id !== undefined && rows.length === 0) throw notFound('user', user_id)
    const stands = await standOf(
      store.db,
      rows.map(one => one.budget),
    )
    return rows.map(row => ({
      user_id: row.id,
      user_email: row.email,
      user_alias: row.alias,
      user_role: row.role,
      ...shownStand(stands.get(row.budget)),
    }))
  },
}

/** A window that is over is shown as the one that has begun since, with nothing spent. */
function shownStand(stand: BudgetState | undefined) {
  return {
    spend: nanoToUsd(stand?.spent ?? 0n),
    max_budget: stand?.limit === undefined ? null : nanoToUsd(stand.limit),
    budget_reset_at: isoTime(stand?.resetsAt),
  }
}
