import Database from 'libsql'
import pg from 'pg'

/** A row of the ledger, as far as the oracle looks at it. */
export interface LedgerCopyRow {
  readonly id: string
  readonly call_id: string
  readonly number: number
  readonly purpose: string
  readonly key_id: string | null
  readonly team_id: string | null
  readonly user_id: string | null
  readonly outcome: string
  readonly estimated: number
  readonly input_tokens: number | null
  readonly output_tokens: number | null
  readonly charge: bigint
  readonly held: bigint
  readonly overrun: bigint
}

export interface BudgetCopyRow {
  readonly id: string
  readonly level: string
  readonly subject: string
  readonly pool: string
  readonly limit_nano: bigint | null
  readonly spent: bigint
  readonly leased: bigint
}

/** What the database holds, read past tollgate. */
export interface LedgerCopy {
  readonly rows: readonly LedgerCopyRow[]
  readonly budgets: readonly BudgetCopyRow[]
  /** Under lease, or booked as spent for a replica that is gone. */
  readonly leases: readonly { readonly replica: string; readonly budget_id: string; readonly amount: bigint }[]
  readonly replicas: readonly { readonly id: string; readonly seen_at: number }[]
}

const QUERIES = {
  rows: `select id, call_id, number, purpose, key_id, team_id, user_id, outcome, estimated, input_tokens, output_tokens,
    cast(charge as text) as charge, cast(held as text) as held, cast(overrun as text) as overrun from ledger`,
  budgets: `select id, level, subject, pool, cast(limit_nano as text) as limit_nano, cast(spent as text) as spent,
    cast(leased as text) as leased from budgets`,
  leases: `select replica, budget_id, cast(amount as text) as amount from leases where amount > 0`,
  replicas: 'select id, seen_at from replicas',
} as const

type Row = Record<string, unknown>
type Query = (sql: string) => Promise<Row[]>

/** Reads the books out of an SQLite file, or of `postgres://...`, with nothing of tollgate's own. */
export async function readLedger(place: string): Promise<LedgerCopy> {
  return withDatabase(place, async query => ({
    rows: (await query(QUERIES.rows)).map(row => amounts(row, 'charge', 'held', 'overrun')),
    budgets: (await query(QUERIES.budgets)).map(row => amounts(row, 'limit_nano', 'spent', 'leased')),
    leases: (await query(QUERIES.leases)).map(row => amounts(row, 'amount')),
    replicas: (await query(QUERIES.replicas)).map(row => amounts(row)),
  }))
}

async function withDatabase<Result>(place: string, work: (query: Query) => Promise<Result>): Promise<Result> {
  if (!place.startsWith('postgres://')) {
    const file = new Database(place, { timeout: 10_000, readonly: true } as Database.Options)
    try {
      return await work(async sql => file.prepare(sql).all() as Row[])
    } finally {
      file.close()
    }
  }
  const client = new pg.Client({ connectionString: place })
  await client.connect()
  try {
    return await work(async sql => (await client.query(sql)).rows)
  } finally {
    await client.end()
  }
}

/** PostgreSQL's driver gives integers of 64 bits as texts. */
function amounts<Result>(row: Row, ...money: readonly string[]): Result {
  const entries = Object.entries(row).map(([name, value]) => {
    if (money.includes(name)) return [name, value === null ? null : BigInt(String(value))]
    const isCount = typeof value === 'string' && COUNTS.has(name)
    return [name, isCount ? Number(value) : value]
  })
  return Object.fromEntries(entries) as Result
}

const COUNTS: ReadonlySet<string> = new Set(['number', 'estimated', 'input_tokens', 'output_tokens', 'seen_at'])
