import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { PostedRow } from '../ledger/authority.ts'
import type { LedgerRecord } from '../ledger/record.ts'
import { idList, type JsonColumns, rowsOfJson } from './dialect.ts'
import type { Database } from './schema.ts'

const LEDGER_COLUMNS = {
  id: 'text',
  call_id: 'text',
  number: 'integer',
  purpose: 'text',
  replica: 'text',
  operation: 'text',
  streamed: 'integer',
  started_at: 'integer',
  ended_at: 'integer',
  first_ms: 'real',
  key_id: 'text',
  user_id: 'text',
  team_id: 'text',
  organization_id: 'text',
  end_user: 'text',
  tags: 'text',
  requested_pool: 'text',
  pool: 'text',
  deployment_id: 'text',
  provider: 'text',
  model: 'text',
  upstream_model: 'text',
  api_base: 'text',
  outcome: 'text',
  failure: 'text',
  upstream_status: 'integer',
  input_tokens: 'integer',
  output_tokens: 'integer',
  cache_read_tokens: 'integer',
  cache_write_tokens: 'integer',
  reasoning_tokens: 'integer',
  cost: 'integer',
  charge: 'integer',
  held: 'integer',
  overrun: 'integer',
  estimated: 'integer',
  unpriced: 'integer',
  price_source: 'text',
  rates: 'text',
  session_id: 'text',
  trace_id: 'text',
  metadata: 'text',
} as const satisfies JsonColumns & Record<keyof LedgerRecord, unknown>

const COLUMN_NAMES = Object.keys(LEDGER_COLUMNS)

/** Writes rows that are not there yet, and says which. */
export async function insertLedgerRows(db: Kysely<Database>, rows: readonly PostedRow[]): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set()
  const { rows: written } = await db.executeQuery<{ id: string }>({ ...statementFor(db), parameters: [jsonOf(rows)] })
  return new Set(written.map(({ id }) => id))
}

const statements = new WeakMap<object, CompiledQuery<{ id: string }>>()

/** Made once per store: for 42 columns that takes as long as 100 rows take otherwise. Its one parameter is the rows. */
function statementFor(db: Kysely<Database>): CompiledQuery<{ id: string }> {
  const { adapter } = db.getExecutor()
  const known = statements.get(adapter)
  if (known) return known
  const statement = sql<{ id: string }>`
    insert into ledger (${idList(COLUMN_NAMES)}) ${rowsOfJson(db, LEDGER_COLUMNS, '[]')}
    on conflict (id) do nothing returning id`.compile(db)
  statements.set(adapter, statement)
  return statement
}

/** Escapes are rare: one look at all rows together costs a tenth of one at each. */
function jsonOf(rows: readonly PostedRow[]): string {
  const json = `[${rows.map(wholeOf).join(',')}]`
  return json.includes('\\u') ? `[${rows.map(row => storable(wholeOf(row))).join(',')}]` : json
}

function wholeOf({ text, shared = [] }: PostedRow): string {
  return shared.reduce((whole, members) => `${whole.slice(0, -1)},${members.slice(1)}`, text)
}

/**
 * PostgreSQL's texts have neither NUL nor half a surrogate pair, and one such row would keep a whole batch out for ever.
 * JSON has both only as escapes, which are rare.
 */
function storable(text: string): string {
  if (!/\\u(?:0000|d[89a-f])/i.test(text)) return text
  return JSON.stringify(JSON.parse(text), (_, value: unknown) =>
    typeof value === 'string' ? wellFormed(value).replaceAll('\0', '') : value,
  )
}

function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
