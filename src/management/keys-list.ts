import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import type { Database, KeyRow } from '../store/schema.ts'
import { id, likeAnywhere, paging, queryFlag, queryNumber } from './fields.ts'
import { keyReference } from './key-fields.ts'
import { keyIdOf } from './key-rows.ts'
import { shownKeys } from './key-view.ts'
import type { Operation, OperationContext } from './operation.ts'
import { type Reach, reachOf } from './reach.ts'
import { READERS } from './role-groups.ts'

/** Columns by which lists are sorted, by LiteLLM's names. */
const SORTS = {
  created_at: 'created_at',
  updated_at: 'updated_at',
  expires: 'expires_at',
  key_alias: 'alias',
  key_name: 'name',
  user_id: 'user_id',
  team_id: 'team_id',
} as const satisfies Record<string, keyof KeyRow>

type SortName = keyof typeof SORTS

const listInput = z.strictObject({
  ...paging,
  user_id: id.optional(),
  team_id: id.optional(),
  organization_id: id.optional(),
  key_hash: keyReference.optional(),
  key_alias: id.optional(),
  return_full_object: queryFlag.default(false),
  include_team_keys: queryFlag.default(false),
  include_created_by_keys: queryFlag.default(false),
  sort_by: z.enum(Object.keys(SORTS) as [SortName, ...SortName[]]).default('created_at'),
  sort_order: z.enum(['asc', 'desc']).default('desc'),
  /** Users are not shown with their keys: `user` alone is known, and changes nothing. */
  expand: z.union([z.literal('user'), z.array(z.literal('user'))], { error: "must be 'user'" }).optional(),
  status: z.enum(['active', 'expired', 'blocked']).optional(),
})

type ListInput = z.infer<typeof listInput>

/** Keys that the caller may see: an administrator all, a person their own, and with `include_team_keys` their teams'. */
export const keyList: Operation<ListInput> = {
  method: 'GET',
  paths: ['/key/list'],
  name: 'key/list',
  roles: READERS,
  input: listInput,
  async run(context, input) {
    const { store } = context
    const now = await store.now()
    const reach = await reachOf(store.db, context.caller)
    const wanted = matching(context, { input, reach, now })
    const rows = await store.db
      .selectFrom('keys')
      .selectAll()
      .where(wanted)
      .orderBy(SORTS[input.sort_by], input.sort_order)
      .orderBy('id')
      .limit(input.size)
      .offset((input.page - 1) * input.size)
      .execute()
    const total = await counted(store.db, wanted)
    const keys = input.return_full_object ? await shownKeys(store.db, rows) : rows.map(row => row.id)
    return { keys, ...pageOf(total, input) }
  },
}

const aliasesInput = z.strictObject({
  page: queryNumber(1, 1_000_000).default(1),
  size: queryNumber(1, 500).default(50),
  search: id.optional(),
})

/** The aliases of the keys that the caller may see. */
export const keyAliases: Operation<z.infer<typeof aliasesInput>> = {
  method: 'GET',
  paths: ['/key/aliases'],
  name: 'key/aliases',
  roles: READERS,
  input: aliasesInput,
  async run({ store, caller }, { page, size, search }) {
    const reach = await reachOf(store.db, caller)
    const wanted = (keys: Keys) =>
      keys.and([
        keys('alias', 'is not', null),
        seen(keys, reach, true),
        ...(search === undefined ? [] : [like(keys, 'alias', search)]),
      ])
    const rows = await store.db
      .selectFrom('keys')
      .select('alias')
      .where(wanted)
      .orderBy('alias')
      .limit(size)
      .offset((page - 1) * size)
      .execute()
    const total = await counted(store.db, wanted)
    return { aliases: rows.map(({ alias }) => alias), ...pageOf(total, { page, size }) }
  },
}

type Keys = ExpressionBuilder<Database, 'keys'>
type Wanted = (keys: Keys) => Expression<SqlBool>

interface Asked {
  readonly input: ListInput
  readonly reach: Reach
  readonly now: number
}

function matching(context: OperationContext, { input, reach, now }: Asked): Wanted {
  return keys => {
    const all: Expression<SqlBool>[] = [seen(keys, reach, input.include_team_keys)]
    if (input.user_id !== undefined) all.push(ofUser(keys, input))
    if (input.team_id !== undefined) all.push(keys('team_id', '=', input.team_id))
    if (input.organization_id !== undefined) all.push(keys('organization_id', '=', input.organization_id))
    if (input.key_hash !== undefined) all.push(keys('id', '=', keyIdOf(context, input.key_hash)))
    if (input.key_alias !== undefined) all.push(like(keys, 'alias', input.key_alias))
    if (input.status === 'blocked') all.push(keys('blocked', '=', 1))
    if (input.status === 'expired') all.push(keys('expires_at', '<=', now))
    if (input.status === 'active')
      all.push(keys('blocked', '=', 0), keys.or([keys('expires_at', 'is', null), keys('expires_at', '>', now)]))
    return keys.and(all)
  }
}

/** A user's keys, and where it is asked for those that were made with one of them. */
function ofUser(keys: Keys, { user_id = '', include_created_by_keys }: ListInput): Expression<SqlBool> {
  const own = keys('user_id', '=', user_id)
  if (!include_created_by_keys) return own
  const makers = keys.selectFrom('keys as maker').select('maker.id').where('maker.user_id', '=', user_id)
  return keys.or([own, keys('created_by', 'in', makers)])
}

/** What the caller may see, whatever is asked: their own keys, and those of teams and organizations that they administer. */
function seen(keys: Keys, reach: Reach, withTeams: boolean): Expression<SqlBool> {
  if (reach.kind !== 'own') return keys.lit(true)
  const some: Expression<SqlBool>[] = [keys.lit(false)]
  if (reach.userId !== undefined) some.push(keys('user_id', '=', reach.userId))
  const teams = [...reach.teams].filter(([, role]) => role === 'admin').map(([id]) => id)
  const organizations = [...reach.organizations]
  if (withTeams && teams.length > 0) some.push(keys('team_id', 'in', teams))
  if (withTeams && organizations.length > 0) {
    const theirs = keys.selectFrom('teams').select('teams.id').where('teams.organization_id', 'in', organizations)
    some.push(keys('organization_id', 'in', organizations), keys('team_id', 'in', theirs))
  }
  return keys.or(some)
}

/** What was typed stands for itself, `%` and `_` included, in capitals or not; the search is bounded by the text's 256 characters. */
function like(keys: Keys, column: 'alias', said: string): Expression<SqlBool> {
  return sql<SqlBool>`lower(${keys.ref(column)}) like lower(${likeAnywhere(said)}) escape '\\'`
}

async function counted(db: Kysely<Database>, wanted: Wanted): Promise<number> {
  const row = await db
    .selectFrom('keys')
    .select(keys => keys.fn.countAll().as('total'))
    .where(wanted)
    .executeTakeFirst()
  return Number(row?.total ?? 0)
}

function pageOf(total: number, { page, size }: { readonly page: number; readonly size: number }) {
  return { total_count: total, current_page: page, total_pages: Math.ceil(total / size) }
}
