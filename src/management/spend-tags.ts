import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { isOneOf, isPostgres } from '../store/dialect.ts'
import type { Store } from '../store/store.ts'

/** The tags of a row of `ledger`, one row each with the column `value`: to be joined, or to be searched. */
export function tagsOfRow({ db }: Store): RawBuilder<{ value: string }> {
  const tags = sql.ref('ledger.tags')
  return isPostgres(db)
    ? sql<{ value: string }>`json_array_elements_text(cast(${tags} as json))`
    : sql<{ value: string }>`json_each(${tags})`
}

/** Whether a row of `ledger` has one of these tags, or where none are named any tag. */
export function hasTag(store: Store, tags?: readonly string[]): RawBuilder<SqlBool> {
  const meant = tags ? sql`where ${isOneOf(store.db, 'tag.value', tags)}` : sql``
  return sql<SqlBool>`exists (select 1 from ${tagsOfRow(store)} as tag ${meant})`
}
