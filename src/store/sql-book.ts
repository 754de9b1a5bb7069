import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { BudgetTerms } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import { type Account, opened } from '../ledger/account.ts'
import type { Book } from '../ledger/book.ts'
import {
  accountOf,
  BUDGET_COLUMNS,
  budgetJson,
  changedLeases,
  LEASE_COLUMNS,
  onlySumsDiffer,
  SUM_COLUMNS,
  sumsJson,
} from './budget-rows.ts'
import { forUpdate, idList, isOneOf, rowsOfJson, textsParameter } from './dialect.ts'
import type { BudgetRow, Database, LeaseRow } from './schema.ts'
import { Statement } from './statement.ts'

export interface BookRequest {
  /** Whose leases are needed. Undefined: all replicas'. */
  readonly replica: string | undefined
  /** Budgets that are opened when they are not there. */
  readonly terms: readonly BudgetTerms[]
  /** Budgets that are wanted where they are there. */
  readonly ids: readonly string[]
  /** The clock to read, once the rows are locked. */
  readonly now: RawBuilder<number>
}

/**
 * The accounts of one transaction. Their rows are locked in the order of their ids, so that two transactions do not wait
 * for each other; leases change only under the lock of their budget. Rows that are opened come after those that were there:
 * where two transactions open the same ones at once, PostgreSQL may break one of them off, which is then begun again.
 */
export class SqlBook implements Book {
  readonly now: Ms
  readonly #db: Kysely<Database>
  readonly #loaded: ReadonlyMap<string, Account>
  readonly #accounts: Map<string, Account>

  private constructor(db: Kysely<Database>, now: Ms, accounts: ReadonlyMap<string, Account>) {
    this.#db = db
    this.now = now
    this.#loaded = accounts
    this.#accounts = new Map(accounts)
  }

  static async load(db: Kysely<Database>, request: BookRequest): Promise<SqlBook> {
    const ids = [...new Set([...request.terms.map(({ id }) => id), ...request.ids])].sort()
    const rows = await lockedRows(db, ids)
    const missing = missingTerms(request.terms, rows)
    if (missing.length > 0) rows.push(...(await insertedRows(db, missing, request.now)))
    const { now, leases } = await leaseRows(db, ids, request)
    return new SqlBook(db, now, new Map(rows.map(row => [row.id, accountOf(row, leases.get(row.id) ?? [])])))
  }

  get(id: string): Account | undefined {
    return this.#accounts.get(id)
  }

  set(account: Account): void {
    this.#accounts.set(account.id, account)
  }

  /** Writes what has changed. */
  async save(): Promise<void> {
    const changed = [...this.#accounts.values()].filter(account => this.#loaded.get(account.id) !== account)
    if (changed.length === 0) return
    const moved: Account[] = []
    const others: Account[] = []
    for (const account of changed)
      (onlySumsDiffer(this.#loaded.get(account.id), account) ? moved : others).push(account)
    if (moved.length > 0) await UPDATE_SUMS.run(this.#db, [JSON.stringify(moved.map(sumsJson))])
    if (others.length > 0) await this.#saveWhole(others)
    const leases = changed.flatMap(account => changedLeases(this.#leasesBefore(account), account))
    if (leases.length > 0) await UPSERT_LEASES.run(this.#db, [JSON.stringify(leases)])
  }

  async #saveWhole(accounts: readonly Account[]): Promise<void> {
    await UPSERT_BUDGETS.run(this.#db, [JSON.stringify(accounts.map(budgetJson))])
    const over = accounts.filter(({ id, windowStart }) => this.#loaded.get(id)?.windowStart !== windowStart)
    if (over.length === 0) return
    const ids = over.map(({ id }) => id)
    await sql`delete from leases where ${isOneOf(this.#db, 'budget_id', ids)}`.execute(this.#db)
  }

  #leasesBefore({ id, windowStart }: Account): Account['leases'] {
    const before = this.#loaded.get(id)
    return before?.windowStart === windowStart ? before.leases : []
  }
}

/** In two steps: a statement that has waited for a lock sees the row as it is now, and other tables as they were before. */
async function lockedRows(db: Kysely<Database>, ids: readonly string[]): Promise<BudgetRow[]> {
  return ids.length === 0 ? [] : SELECT_BUDGETS.run(db, [textsParameter(db, ids)])
}

async function leaseRows(db: Kysely<Database>, ids: readonly string[], { replica, now }: BookRequest) {
  const ofReplica = replica === undefined ? sql`` : sql`and leases.replica = ${replica}`
  const { rows } = await sql<Partial<LeaseRow> & { now_ms: number }>`
    select moment.now_ms, leases.* from (select ${now} as now_ms) as moment
    left join leases on ${isOneOf(db, 'leases.budget_id', ids)} ${ofReplica}`.execute(db)
  const leases = new Map<string, LeaseRow[]>()
  for (const row of rows) {
    if (!isLease(row)) continue
    const others = leases.get(row.budget_id)
    if (others) others.push(row)
    else leases.set(row.budget_id, [row])
  }
  return { now: rows[0]?.now_ms ?? 0, leases }
}

function isLease(row: Partial<LeaseRow>): row is LeaseRow {
  return typeof row.budget_id === 'string'
}

function missingTerms(terms: readonly BudgetTerms[], rows: readonly BudgetRow[]): BudgetTerms[] {
  const known = new Set(rows.map(({ id }) => id))
  const missing = new Map<string, BudgetTerms>()
  for (const term of terms) if (!known.has(term.id) && !missing.has(term.id)) missing.set(term.id, term)
  return [...missing.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
}

/** Somebody else may have opened them meanwhile: then theirs holds. */
async function insertedRows(db: Kysely<Database>, terms: readonly BudgetTerms[], now: RawBuilder<number>) {
  const moment = await sql<{ now_ms: number }>`select ${now} as now_ms`.execute(db)
  const json = JSON.stringify(terms.map(term => budgetJson(opened(term, moment.rows[0]?.now_ms ?? 0))))
  const names = idList(Object.keys(BUDGET_COLUMNS))
  await sql`insert into budgets (${names}) ${rowsOfJson(db, BUDGET_COLUMNS, json)} on conflict (id) do nothing`.execute(
    db,
  )
  return lockedRows(
    db,
    terms.map(({ id }) => id),
  )
}

const SELECT_BUDGETS = new Statement<BudgetRow>(
  db => sql`select ${idList(Object.keys(BUDGET_COLUMNS))} from budgets where ${isOneOf(db, 'id', [])}
    order by id ${forUpdate(db)}`,
)

const UPSERT_BUDGETS = new Statement(db => {
  const columns = Object.keys(BUDGET_COLUMNS)
  return sql`insert into budgets (${idList(columns)}) ${rowsOfJson(db, BUDGET_COLUMNS, '[]')}
    on conflict (id) do update set ${excluded(columns.filter(column => column !== 'id'))}`
})

const UPDATE_SUMS = new Statement(
  db => sql`update budgets set spent = given.spent, leased = given.leased
    from (${rowsOfJson(db, SUM_COLUMNS, '[]')}) as given where budgets.id = given.id`,
)

const UPSERT_LEASES = new Statement(
  db => sql`insert into leases (${idList(Object.keys(LEASE_COLUMNS))}) ${rowsOfJson(db, LEASE_COLUMNS, '[]')}
    on conflict (replica, budget_id, window_start, written_off) do update set ${excluded(['amount'])}`,
)

function excluded(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map(column => sql`${sql.id(column)} = ${sql.id('excluded', column)}`))
}
