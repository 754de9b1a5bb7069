import { resolve } from 'node:path'
import { Kysely } from 'kysely'
import type { Clock, Ms } from '../../core/clock.ts'
import { steadyNow } from '../../ledger/steady-now.ts'
import { type MigrationReport, runMigrations } from '../migrations/run-migrations.ts'
import { ReadIntegers } from '../read-integers.ts'
import type { Database } from '../schema.ts'
import { SqlAuthority } from '../sql-authority.ts'
import type { Store } from '../store.ts'
import { Turns } from '../turns.ts'
import { agreeOnClock, type MachineClock } from './agreed-clock.ts'
import { openSecond, openSqlite } from './open-sqlite.ts'
import { SqliteWorkerDialect } from './sqlite-dialect.ts'
import type { SqliteWorker } from './sqlite-worker.ts'

const STATEMENT_TIMEOUT_MS: Ms = 10_000
const TURN_MS: Ms = 5000
const WAITING_AT_MOST = 10_000

interface Opened {
  readonly store: Store
  readonly migrated: MigrationReport
}

/**
 * Opens a file, or `:memory:`. A file has two connections, each in its thread: one for transactions and for what calls wait
 * for, one for everything else, so that a long report keeps neither money nor calls waiting. The second is opened by the first
 * who needs it: a thread takes 35 ms and 10 MB.
 */
export async function openSqliteStore(path: string, clock: Clock, machine: MachineClock): Promise<Opened> {
  const own = steadyNow(clock)
  let ahead: Ms = 0
  const now = () => own() + ahead
  const file = path === ':memory:' ? path : resolve(path)
  const options = { path: file, clock, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
  const writing = await openSqlite(options)
  try {
    const transactions = kyselyOf(() => writing, { clock, now })
    const migrated = await runMigrations(transactions)
    if (file !== ':memory:') ahead = await transactions.transaction().execute(trx => agreeOnClock(trx, own, machine))
    const openReading = () => {
      writing.requireOpen()
      return openSecond(options)
    }
    const db = file === ':memory:' ? transactions : kyselyOf(openReading, { clock, now })
    return { store: new SqliteStore({ db, transactions, now }), migrated }
  } catch (error) {
    await writing.close()
    throw error
  }
}

function kyselyOf(
  open: () => SqliteWorker | Promise<SqliteWorker>,
  { clock, now }: { clock: Clock; now: () => Ms },
): Kysely<Database> {
  const turns = new Turns({ clock, waitMs: TURN_MS, limit: WAITING_AT_MOST })
  return new Kysely<Database>({
    dialect: new SqliteWorkerDialect({ open, turns, now }),
    plugins: [new ReadIntegers()],
  })
}

interface SqliteParts {
  readonly db: Kysely<Database>
  readonly transactions: Kysely<Database>
  readonly now: () => Ms
}

class SqliteStore implements Store {
  readonly kind = 'sqlite'
  readonly db: Kysely<Database>
  readonly calls: Kysely<Database>
  readonly authority: SqlAuthority
  readonly #parts: SqliteParts

  constructor(parts: SqliteParts) {
    this.#parts = parts
    this.db = parts.db
    this.calls = parts.transactions
    this.authority = new SqlAuthority({ db: parts.transactions, transaction: work => this.transaction(work) })
  }

  transaction: Store['transaction'] = work => this.#parts.transactions.transaction().execute(work)

  async now(): Promise<Ms> {
    return this.#parts.now()
  }

  async close(): Promise<void> {
    await this.db.destroy()
    await this.#parts.transactions.destroy()
  }
}
