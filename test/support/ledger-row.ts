import type { ChargedBudget, PostedRow } from '../../src/ledger/authority.ts'
import type { LedgerRecord } from '../../src/ledger/record.ts'
import { budgetText } from '../../src/ledger/replica/journal-line.ts'
import type { BegunRow, EndedRow } from '../../src/ledger/replica/journals.ts'

/** A row of the ledger as a call leaves it behind. */
export function ledgerRow(id: string, charge: bigint, budgets: readonly ChargedBudget[]): PostedRow {
  return { id, charge, budgets, text: JSON.stringify(ledgerRecord({ id, charge: charge.toString() })) }
}

/** The same for a journal, before it is dialled and, with another charge, when it has ended. */
export function journalRow({ budgets, ...row }: PostedRow): BegunRow & EndedRow {
  const bearers = budgets.map(({ terms, windowStart }) => `[${budgetText(terms.id, windowStart)}]`)
  return { ...row, bearers, shared: [] }
}

/** What a posted row holds, with what it shares with others. */
export function recordOf({ text, shared = [] }: PostedRow): LedgerRecord {
  return Object.assign({}, ...[...shared, text].map(one => JSON.parse(one) as object)) as LedgerRecord
}

export function ledgerRecord(parts: Partial<LedgerRecord>): LedgerRecord {
  return {
    id: 'row',
    call_id: 'call',
    number: 1,
    purpose: 'answer',
    replica: 'replica',
    operation: 'chat',
    streamed: 1,
    started_at: 1_768_478_400_000,
    ended_at: 1_768_478_401_250,
    first_ms: 312.25,
    key_id: 'f3a9c2',
    user_id: 'user-1',
    team_id: 'team-1',
    organization_id: null,
    end_user: null,
    tags: '["production","search"]',
    requested_pool: 'gpt-4o',
    pool: 'gpt-4o',
    deployment_id: 'gpt-4o-eu',
    provider: 'openai',
    model: 'gpt-4o-2024-08-06',
    upstream_model: 'gpt-4o-2024-08-06',
    api_base: 'https://api.example.com/v1',
    outcome: 'complete',
    failure: null,
    upstream_status: 200,
    input_tokens: 1234,
    output_tokens: 321,
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    usage_details: null,
    cost: '6295000',
    charge: '6295000',
    held: '9000000',
    overrun: '0',
    estimated: 0,
    unpriced: 0,
    price_source: 'bundle',
    rates: '{"input":2500000000,"output":10000000000}',
    session_id: null,
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    metadata: null,
    ...parts,
  }
}
