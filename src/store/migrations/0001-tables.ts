import { type Kysely, sql } from 'kysely'
import { isPostgres } from '../dialect.ts'
import type { Database } from '../schema.ts'
import { appendOnly } from './append-only.ts'
import type { Migration } from './migration.ts'
import { createTable, type TableShape } from './tables.ts'

const DATED = { created_at: 'integer', created_by: 'text?', updated_at: 'integer', updated_by: 'text?' } as const

const ACCESS: Readonly<Record<string, TableShape>> = {
  meta: { columns: { name: 'text', value: 'text' }, key: ['name'] },
  keys: {
    columns: {
      id: 'text',
      name: 'text',
      alias: 'text?',
      user_id: 'text?',
      team_id: 'text?',
      organization_id: 'text?',
      plan_id: 'text?',
      expires_at: 'integer?',
      blocked: 'integer',
      data: 'text',
      ...DATED,
    },
    key: ['id'],
    unique: ['alias'],
    indexes: [['team_id'], ['user_id'], ['organization_id'], ['plan_id'], ['expires_at'], ['created_at']],
  },
  users: {
    columns: { id: 'text', email: 'text?', alias: 'text?', role: 'text', data: 'text', ...DATED },
    key: ['id'],
    indexes: [['email'], ['created_at']],
  },
  teams: {
    columns: { id: 'text', alias: 'text?', organization_id: 'text?', blocked: 'integer', data: 'text', ...DATED },
    key: ['id'],
    indexes: [['alias'], ['organization_id']],
  },
  team_members: {
    columns: { team_id: 'text', user_id: 'text', role: 'text', plan_id: 'text?', data: 'text' },
    key: ['team_id', 'user_id'],
    indexes: [['user_id'], ['plan_id']],
  },
  organizations: { columns: { id: 'text', alias: 'text?', data: 'text', ...DATED }, key: ['id'] },
  organization_members: {
    columns: { organization_id: 'text', user_id: 'text', role: 'text' },
    key: ['organization_id', 'user_id'],
    indexes: [['user_id']],
  },
  plans: { columns: { id: 'text', data: 'text', ...DATED }, key: ['id'] },
  customers: {
    columns: { id: 'text', alias: 'text?', blocked: 'integer', plan_id: 'text?', data: 'text', ...DATED },
    key: ['id'],
    indexes: [['plan_id']],
  },
  tags: { columns: { name: 'text', data: 'text', ...DATED }, key: ['name'] },
  models: { columns: { id: 'text', name: 'text', data: 'text', ...DATED }, key: ['id'], indexes: [['name']] },
}

const MONEY: Readonly<Record<string, TableShape>> = {
  budgets: {
    columns: {
      id: 'text',
      level: 'text',
      subject: 'text',
      name: 'text?',
      pool: 'text',
      period: 'text',
      limit_nano: 'integer?',
      soft_nano: 'integer?',
      spent: 'integer',
      leased: 'integer',
      window_start: 'integer',
      resets_at: 'integer?',
      soft_told: 'integer?',
      limit_told: 'integer?',
      wanted_at: 'integer',
    },
    key: ['id'],
    indexes: [['level', 'subject'], ['wanted_at']],
  },
  leases: {
    columns: {
      replica: 'text',
      budget_id: 'text',
      window_start: 'integer',
      amount: 'integer',
      written_off: 'integer',
    },
    // A replica that was written off and comes back has both: what is booked as spent, and what it leased anew.
    key: ['replica', 'budget_id', 'window_start', 'written_off'],
    indexes: [['budget_id']],
  },
  replicas: {
    columns: {
      id: 'text',
      host: 'text',
      pid: 'integer',
      started_at: 'integer',
      seen_at: 'integer',
      expires_at: 'integer',
      batch: 'integer',
      claimed: 'integer',
    },
    key: ['id'],
  },
}

const LEDGER: TableShape = {
  columns: {
    id: 'text',
    call_id: 'text',
    number: 'integer',
    purpose: 'text',
    replica: 'text',
    operation: 'text',
    streamed: 'integer',
    started_at: 'integer',
    ended_at: 'integer?',
    // Measured by the monotonic clock, which has fractions.
    first_ms: 'real?',
    key_id: 'text?',
    user_id: 'text?',
    team_id: 'text?',
    organization_id: 'text?',
    end_user: 'text?',
    tags: 'text?',
    requested_pool: 'text',
    pool: 'text',
    deployment_id: 'text',
    provider: 'text',
    model: 'text',
    upstream_model: 'text?',
    api_base: 'text?',
    outcome: 'text',
    failure: 'text?',
    upstream_status: 'integer?',
    input_tokens: 'integer?',
    output_tokens: 'integer?',
    cache_read_tokens: 'integer?',
    cache_write_tokens: 'integer?',
    reasoning_tokens: 'integer?',
    cost: 'integer?',
    charge: 'integer',
    held: 'integer',
    overrun: 'integer',
    estimated: 'integer',
    unpriced: 'integer',
    price_source: 'text?',
    rates: 'text?',
    session_id: 'text?',
    trace_id: 'text?',
    metadata: 'text?',
    caller: 'integer?',
  },
  // A row belongs to one call, whose rows are looked for, too: one index for both.
  key: ['call_id', 'id'],
  indexes: [['started_at'], ['caller', 'started_at']],
}

const LEDGER_CALLERS: TableShape = {
  columns: { id: 'integer', key_id: 'text?', user_id: 'text?', team_id: 'text?' },
  key: ['id'],
  indexes: [['key_id'], ['user_id'], ['team_id']],
}

const AUDIT: TableShape = {
  columns: {
    id: 'text',
    at: 'integer',
    actor: 'text',
    on_behalf_of: 'text?',
    action: 'text',
    kind: 'text',
    subject: 'text',
    before: 'text?',
    after: 'text?',
  },
  key: ['id'],
  indexes: [['at'], ['kind', 'subject']],
}

export const tables: Migration = {
  name: '0001-tables',
  async up(db) {
    for (const [name, shape] of Object.entries({
      ...ACCESS,
      ...MONEY,
      ledger: LEDGER,
      ledger_callers: LEDGER_CALLERS,
      audit: AUDIT,
    }))
      await createTable(db, name, shape)
    await createChanges(db)
    await appendOnly(db, 'ledger')
    await appendOnly(db, 'audit')
  },
}

/** Numbers that are never given twice: a replica knows by them what it has told already. */
async function createChanges(db: Kysely<Database>): Promise<void> {
  const number = isPostgres(db)
    ? 'bigint generated always as identity primary key'
    : 'integer primary key autoincrement'
  const integer = isPostgres(db) ? 'bigint' : 'integer'
  await sql`create table changes (seq ${sql.raw(number)}, kind text not null, id text not null,
    at ${sql.raw(integer)} not null) ${sql.raw(isPostgres(db) ? '' : 'strict')}`.execute(db)
  await sql`create index changes_by_at on changes (at)`.execute(db)
}
