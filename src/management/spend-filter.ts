import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import { isOneOf } from '../store/dialect.ts'
import { isOfCallers } from '../store/ledger-callers.ts'
import type { Database } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import type { Range } from './spend-range.ts'
import { inSight, type Sight } from './spend-scope.ts'

/** Which rows of the ledger are meant. What is absent does not matter. */
export interface SpendFilter {
  readonly range?: Range | undefined
  readonly key?: string | undefined
  readonly user?: string | undefined
  readonly teams?: readonly string[] | undefined
  readonly endUsers?: readonly string[] | undefined
  readonly call?: string | undefined
  readonly model?: string | undefined
}

/** The condition for rows of `ledger`: within somebody's sight and as the filter says. */
export function matching(store: Store, sight: Sight, filter: SpendFilter): Expression<SqlBool> {
  const { range, key, user, teams, endUsers, call, model } = filter
  const eb = expressionBuilder<Database, 'ledger'>()
  const conditions = [
    range && eb('ledger.started_at', '>=', range.from),
    range && eb('ledger.started_at', '<', range.until),
    key !== undefined && isOfCallers(store.db, 'key_id', [key]),
    user !== undefined && isOfCallers(store.db, 'user_id', [user]),
    teams && isOfCallers(store.db, 'team_id', teams),
    endUsers && isOneOf(store.db, 'ledger.end_user', endUsers),
    call !== undefined && eb('ledger.call_id', '=', call),
    model !== undefined && eb('ledger.model', '=', model),
    inSight(store, sight),
  ]
  return eb.and(conditions.filter(one => one !== undefined && one !== false))
}
