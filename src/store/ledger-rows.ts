import type { Kysely } from 'kysely'
import type { PostedRow } from '../ledger/authority.ts'
import type { JsonColumns } from './dialect.ts'
import { gathered } from './gathered-rows.ts'
import { InsertNew } from './insert-new.ts'
import type { Database, LedgerTable } from './schema.ts'

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
  usage_details: 'text',
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
  caller: 'integer',
} as const satisfies JsonColumns & Record<keyof LedgerTable, unknown>

const INSERT = new InsertNew('ledger', LEDGER_COLUMNS)

/** Writes rows that are not there yet, and gives them back. */
export async function insertLedgerRows(
  db: Kysely<Database>,
  rows: readonly PostedRow[],
): Promise<readonly PostedRow[]> {
  if (rows.length === 0) return rows
  const present = new Set(await INSERT.run(db, gathered(rows)))
  return present.size === 0 ? rows : rows.filter((_, place) => !present.has(place))
}
