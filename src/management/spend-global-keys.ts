import { type Kysely, sql } from 'kysely'
import { z } from 'zod'
import { nanoToUsd } from '../core/money.ts'
import { textIn } from '../store/dialect.ts'
import type { Database } from '../store/schema.ts'
import { queryNumber } from './fields.ts'
import type { Operation } from './operation.ts'
import { ADMIN_READERS } from './role-groups.ts'
import { matching } from './spend-filter.ts'
import { dateFields, rangeOf } from './spend-range.ts'

/** Where no dates are given. */
const DAYS = 30

const input = z.strictObject({ ...dateFields, limit: queryNumber(1, 1_000).default(10) })

/** `GET /global/spend/keys`: those that spent most. What a key spent before it was regenerated is its own. */
export const globalSpendKeys: Operation<z.output<typeof input>> = {
  method: 'GET',
  paths: ['/global/spend/keys'],
  name: 'global/spend/keys',
  roles: ADMIN_READERS,
  input,
  async run({ store, clock }, asked) {
    const { db } = store
    const total = sql`sum(${sql.ref('spent.total')})`
    const key = sql<string | null>`coalesce(${sql.ref('known.id')}, ${sql.ref('spent.key_id')})`
    const rows = await db
      .with('spent', () =>
        db
          .selectFrom('ledger')
          .select(['ledger.key_id', sql<string>`sum(${sql.ref('ledger.charge')})`.as('total')])
          .where(matching(store, { all: true }, { range: rangeOf(asked, clock.now(), DAYS) }))
          .groupBy('ledger.key_id'),
      )
      .with('known', () => knownKeys(db))
      .selectFrom('spent')
      .leftJoin('known', 'known.booked', 'spent.key_id')
      .select([key.as('key'), 'known.name', 'known.alias', sql<string>`cast(${total} as text)`.as('total')])
      .groupBy([key, 'known.name', 'known.alias'])
      .orderBy(total, 'desc')
      .orderBy(key)
      .limit(asked.limit)
      .execute()
    return rows.map(row => ({
      api_key: row.key ?? '',
      key_name: row.name,
      key_alias: row.alias,
      total_spend: nanoToUsd(BigInt(row.total)),
    }))
  },
}

/** Keys by the ids under which their calls were booked: their own, and that which they had before they were regenerated. */
function knownKeys(db: Kysely<Database>) {
  const first = textIn(db, 'keys.data', 'budget_subject')
  return db
    .selectFrom('keys')
    .select(['id', 'name', 'alias', sql<string | null>`${sql.ref('keys.id')}`.as('booked')])
    .unionAll(
      db
        .selectFrom('keys')
        .select(['id', 'name', 'alias', first.as('booked')])
        .where(first, 'is not', null),
    )
}
