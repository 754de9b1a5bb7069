import { type RawBuilder, sql } from 'kysely'
import { isOneOf } from '../store/dialect.ts'
import type { Store } from '../store/store.ts'
import { DayActivity, type KeyFacts } from './activity-breakdown.ts'
import { matching, type SpendFilter } from './spend-filter.ts'
import { DAY_MS, dayText, type Range } from './spend-range.ts'
import type { Sight } from './spend-scope.ts'
import { dayOfRow, MAX_GROUPS, noMoreThanLimit, sumColumns, Tally } from './spend-sums.ts'
import { hasTag, tagsOfRow } from './spend-tags.ts'

/** Whose activity is shown, one by one: the column that names them. Tags are several per row. */
export type Entity = 'user_id' | 'team_id' | 'end_user' | 'tag'

export interface ActivityQuestion extends SpendFilter {
  readonly range: Range
  readonly entity: Entity
  readonly tags?: readonly string[] | undefined
}

/** The page of days: the latest day comes first. */
export interface DayPage {
  readonly page: number
  readonly size: number
}

const ENDPOINTS: Readonly<Record<string, string>> = {
  chat: '/chat/completions',
  completion: '/completions',
  embedding: '/embeddings',
}

/** LiteLLM's daily activity. Its totals are those of the page, as LiteLLM's are, so that pages may be summed up. */
export async function dailyActivity(store: Store, sight: Sight, question: ActivityQuestion, { page, size }: DayPage) {
  const { from, until } = question.range
  const dayCount = Math.ceil(until / DAY_MS) - Math.floor(from / DAY_MS)
  const end = Math.min(until, (Math.ceil(until / DAY_MS) - (page - 1) * size) * DAY_MS)
  const start = Math.max(from, (Math.ceil(until / DAY_MS) - page * size) * DAY_MS)
  const days = new Map<string, DayActivity>()
  const total = new Tally()
  if (start < end) await addRows(store, sight, { ...question, range: { from: start, until: end } }, { days, total })
  const facts = { keys: await keyFacts(store, days), entities: await entityFacts(store, days, question.entity) }
  const results = [...days]
    .sort(([one], [other]) => (one < other ? 1 : -1))
    .map(([date, day]) => day.result(date, facts))
  const totalPages = Math.ceil(dayCount / size)
  return {
    results,
    metadata: {
      ...Object.fromEntries(
        Object.entries(total.metrics()).map(([name, value]) => [
          name.startsWith('total_') ? name : `total_${name}`,
          value,
        ]),
      ),
      page,
      total_pages: totalPages,
      has_more: page < totalPages,
    },
  }
}

interface Sink {
  readonly days: Map<string, DayActivity>
  readonly total: Tally
}

async function addRows(store: Store, sight: Sight, question: ActivityQuestion, { days, total }: Sink): Promise<void> {
  const dayOf = (day: string) => {
    const activity = days.get(dayText(Number(day))) ?? new DayActivity()
    days.set(dayText(Number(day)), activity)
    return activity
  }
  for (const row of await groups(store, sight, question)) {
    const names = {
      models: row.model,
      model_groups: row.pool,
      providers: row.provider,
      endpoints: ENDPOINTS[row.operation] ?? row.operation,
    }
    dayOf(row.day).add(row.key_id ?? '', names, row)
    total.add(row)
  }
  for (const row of await entities(store, sight, question))
    dayOf(row.day).addPart('entities', row.entity ?? '', { key: row.key_id ?? '', row })
}

/** Calls without a team, customer or tag are none of the activity of those; a user's is that of everybody. */
function rowsOf(store: Store, sight: Sight, question: ActivityQuestion) {
  const { entity, tags } = question
  const rows = store.db.selectFrom('ledger').where(matching(store, sight, question))
  if (entity === 'tag') return rows.where(hasTag(store, tags))
  return entity === 'user_id' ? rows : rows.where(`ledger.${entity}`, 'is not', null)
}

async function groups(store: Store, sight: Sight, question: ActivityQuestion) {
  const rows = await rowsOf(store, sight, question)
    .select(['ledger.model', 'ledger.pool', 'ledger.provider', 'ledger.operation', 'ledger.key_id'])
    .select([dayOfRow.as('day'), ...sumColumns()])
    .groupBy(['ledger.model', 'ledger.pool', 'ledger.provider', 'ledger.operation', 'ledger.key_id', dayOfRow])
    .limit(MAX_GROUPS + 1)
    .execute()
  return noMoreThanLimit(rows)
}

/** By entity and key. A row with two tags counts for each of them here, and once in everything else. */
async function entities(store: Store, sight: Sight, question: ActivityQuestion) {
  const { entity, tags } = question
  const name: RawBuilder<string | null> = entity === 'tag' ? sql.ref('tag.value') : sql.ref(`ledger.${entity}`)
  let query = rowsOf(store, sight, question)
    .select(['ledger.key_id', dayOfRow.as('day'), name.as('entity'), ...sumColumns()])
    .groupBy(['ledger.key_id', dayOfRow, name])
    .limit(MAX_GROUPS + 1)
  if (entity === 'tag') query = query.innerJoin(tagsOfRow(store).as('tag'), join => join.onTrue())
  if (entity === 'tag' && tags) query = query.where(isOneOf(store.db, 'tag.value', tags))
  return noMoreThanLimit(await query.execute())
}

async function keyFacts({ db }: Store, days: ReadonlyMap<string, DayActivity>): Promise<Map<string, KeyFacts>> {
  const ids = [...new Set([...days.values()].flatMap(day => day.keys()))]
  const keys = await db
    .selectFrom('keys')
    .select(['id', 'alias', 'team_id'])
    .where(isOneOf(db, 'id', ids))
    .execute()
  return new Map(keys.map(({ id, alias, team_id }) => [id, { key_alias: alias, team_id }]))
}

async function entityFacts(
  { db }: Store,
  days: ReadonlyMap<string, DayActivity>,
  entity: Entity,
): Promise<Map<string, object>> {
  if (entity !== 'team_id') return new Map()
  const ids = [...new Set([...days.values()].flatMap(day => day.entities()))]
  const teams = await db
    .selectFrom('teams')
    .select(['id', 'alias'])
    .where(isOneOf(db, 'id', ids))
    .execute()
  return new Map(teams.map(({ id, alias }) => [id, { team_alias: alias }]))
}
