import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { NanoUsd } from '../core/money.ts'
import { isOneOf } from '../store/dialect.ts'
import type { Database } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { likeAnywhere } from './fields.ts'
import { matching, type SpendFilter } from './spend-filter.ts'
import { type AttemptRow, spendRow } from './spend-row.ts'
import type { Sight } from './spend-scope.ts'

/** Which calls, by what is true of one of their attempts or of all of them together. */
export interface CallFilter extends SpendFilter {
  readonly modelId?: string | undefined
  readonly status?: 'success' | 'failure' | undefined
  /** Part of the key's alias. */
  readonly keyAlias?: string | undefined
  readonly minSpend?: NanoUsd | undefined
  readonly maxSpend?: NanoUsd | undefined
}

/** A page of calls, the latest first. A call belongs to the moment at which its first attempt began. */
export interface CallPage {
  readonly limit: number
  readonly offset: number
}

/** LiteLLM's rows of the calls that match. */
export async function readCalls(store: Store, sight: Sight, filter: CallFilter, page: CallPage) {
  const first = await callsOf(store, sight, filter)
    .select('ledger.call_id')
    .orderBy('ledger.started_at', 'desc')
    .orderBy('ledger.id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  const ids = first.map(one => one.call_id)
  if (ids.length === 0) return []
  const rows = await store.db
    .selectFrom('ledger')
    .selectAll()
    .where(isOneOf(store.db, 'ledger.call_id', ids))
    .orderBy('number')
    .orderBy('id')
    .execute()
  return rowsOf(ids, rows, await aliasesOf(store, rows))
}

/** How many calls match; it counts no further than `most`. */
export async function countCalls(store: Store, sight: Sight, filter: CallFilter, most: number): Promise<number> {
  const some = callsOf(store, sight, filter).select('ledger.id').limit(most).as('some')
  const counted = await store.db
    .selectFrom(some)
    .select(sql<string>`cast(count(*) as text)`.as('total'))
    .executeTakeFirst()
  return Number(counted?.total ?? 0)
}

/** The first attempt of each call that matches, which stands for the call. */
function callsOf(store: Store, sight: Sight, filter: CallFilter) {
  const eb = expressionBuilder<Database, 'ledger'>()
  const { model, ...others } = filter
  const earlier = eb
    .selectFrom('ledger as earlier')
    .select('earlier.id')
    .whereRef('earlier.call_id', '=', 'ledger.call_id')
    .whereRef('earlier.number', '<', 'ledger.number')
  return store.db
    .selectFrom('ledger')
    .where('ledger.purpose', '<>', 'correction')
    .where(matching(store, sight, others))
    .where(eb.not(eb.exists(earlier)))
    .where(eb.and(ofCall({ ...filter, model })))
}

function ofCall(filter: CallFilter): Expression<SqlBool>[] {
  const eb = expressionBuilder<Database, 'ledger'>()
  const attempts = eb.selectFrom('ledger as one').select('one.id').whereRef('one.call_id', '=', 'ledger.call_id')
  const spend = sql<bigint>`(select sum(one.charge) from ledger as one where one.call_id = ${sql.ref('ledger.call_id')})`
  const answered = eb.exists(attempts.where('one.purpose', '=', 'answer').where('one.outcome', '=', 'complete'))
  const { model, modelId, keyAlias, status, minSpend, maxSpend } = filter
  const conditions = [
    model !== undefined && eb.exists(attempts.where('one.model', '=', model)),
    modelId !== undefined && eb.exists(attempts.where('one.deployment_id', '=', modelId)),
    keyAlias !== undefined && isOfKeys(keysLike(keyAlias)),
    status !== undefined && (status === 'success' ? answered : eb.not(answered)),
    minSpend !== undefined && sql<SqlBool>`${spend} >= cast(${String(minSpend)} as bigint)`,
    maxSpend !== undefined && sql<SqlBool>`${spend} <= cast(${String(maxSpend)} as bigint)`,
  ]
  return conditions.filter(one => one !== false)
}

/** By the number of their callers, which has the index. */
function isOfKeys(keys: ReturnType<typeof keysLike>): Expression<SqlBool> {
  const eb = expressionBuilder<Database, 'ledger'>()
  const callers = eb.selectFrom('ledger_callers').select('ledger_callers.id').where('ledger_callers.key_id', 'in', keys)
  return eb.and([eb('ledger.caller', 'in', callers), eb('ledger.key_id', 'in', keys)])
}

function keysLike(alias: string) {
  return expressionBuilder<Database, 'ledger'>()
    .selectFrom('keys')
    .select('keys.id')
    .where(sql<SqlBool>`lower(keys.alias) like ${likeAnywhere(alias.toLowerCase())} escape '\\'`)
}

async function aliasesOf({ db }: Store, rows: readonly AttemptRow[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(rows.flatMap(one => one.key_id ?? []))]
  if (ids.length === 0) return new Map()
  const keys = await db
    .selectFrom('keys')
    .select(['id', 'alias'])
    .where(isOneOf(db, 'keys.id', ids))
    .execute()
  return new Map(keys.flatMap(({ id, alias }) => (alias === null ? [] : [[id, alias]])))
}

function rowsOf(ids: readonly string[], rows: readonly AttemptRow[], aliases: ReadonlyMap<string, string>) {
  const byCall = new Map<string, AttemptRow[]>(ids.map(id => [id, []]))
  for (const row of rows) byCall.get(row.call_id)?.push(row)
  return [...byCall.values()].flatMap(([first, ...rest]) => (first ? [spendRow([first, ...rest], aliases)] : []))
}
