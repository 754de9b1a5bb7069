import { type Kysely, sql } from 'kysely'
import type { BudgetState, BudgetTerms } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import type {
  Authority,
  Crossing,
  GivenBack,
  LeaseAnswer,
  LeaseAsk,
  PostAnswer,
  PostBatch,
  Pulse,
  Replica,
  WrittenOff,
} from '../ledger/authority.ts'
import { chargeSums, leaveAll, lendGroup, reviveAll, settle, writeOffAll } from '../ledger/book.ts'
import { SCARCE_MS } from '../ledger/rules.ts'
import { defineBudgets, standOf } from './budgets.ts'
import { ChangeReader, noteChanges } from './changes.ts'
import { clockOf, forShare, forUpdate, isOneOf, readClock } from './dialect.ts'
import { insertCallers, LedgerCallers } from './ledger-callers.ts'
import { insertLedgerRows } from './ledger-rows.ts'
import type { Database } from './schema.ts'
import { SqlBook } from './sql-book.ts'
import type { Store } from './store.ts'
import { SweepSchedule, sweep } from './sweep.ts'

export interface SqlAuthorityParts {
  /** For single statements. */
  readonly db: Kysely<Database>
  readonly transaction: Store['transaction']
}

/** Budgets that a replica which leaves gives its leases back of in one transaction: a tenth of a second in SQLite. */
const LEAVE_AT_ONCE = 2_000

/** The authority for all who share a database. Its clock is the store's. */
export class SqlAuthority implements Authority {
  readonly #db: Kysely<Database>
  readonly #transaction: Store['transaction']
  readonly #readers = new Map<string, ChangeReader>()
  readonly #callers = new LedgerCallers()
  readonly #sweeps = new SweepSchedule()

  constructor({ db, transaction }: SqlAuthorityParts) {
    this.#db = db
    this.#transaction = transaction
  }

  async join({ id, host, pid, leaseMs }: Replica): Promise<void> {
    const now = await this.#transaction(async trx => {
      // Locked, so that nobody takes over between this look and the end of the transaction.
      const { rows } = await sql<{ claimed: number }>`
        select claimed from replicas where id = ${id} ${forUpdate(trx)}`.execute(trx)
      if (rows[0]?.claimed) throw new Error(`${id} is being taken over`)
      const ids = await leasedBy(trx, id)
      const book = await SqlBook.load(trx, { replica: id, terms: [], ids, now: clockOf(trx) })
      reviveAll(book, id, { ids, now: book.now })
      await book.save()
      const times = { seen_at: book.now, expires_at: book.now + leaseMs }
      await trx
        .insertInto('replicas')
        .values({ id, host, pid, started_at: book.now, batch: 0, claimed: 0, ...times })
        .onConflict(conflict => conflict.column('id').doUpdateSet(times))
        .execute()
      return book.now
    })
    if (!this.#readers.has(id)) this.#readers.set(id, new ChangeReader(now))
  }

  lease(replica: string, groups: readonly (readonly LeaseAsk[])[]): Promise<readonly LeaseAnswer[]> {
    const terms = groups.flatMap(asks => asks.map(ask => ask.terms))
    return this.#transaction(async trx => {
      await checkAlive(trx, replica)
      const book = await SqlBook.load(trx, { replica, terms, ids: [], now: clockOf(trx) })
      const answers = groups.map(asks => lendGroup(book, replica, { asks, now: book.now }))
      await book.save()
      const crossed = answers.flatMap(answer => ('refused' in answer && answer.crossed ? [answer.crossed] : []))
      await noteCrossed(trx, book.now, crossed)
      return answers
    })
  }

  async post(replica: string, batch: PostBatch): Promise<PostAnswer> {
    const { rows, fresh } = this.#callers.mark(batch.rows)
    const answer = await this.#transaction(async trx => {
      await insertCallers(trx, fresh)
      // The rows first: the budgets, which others wait for, are locked only for the little that follows.
      const inserted = await insertLedgerRows(trx, rows)
      const written = inserted.map(({ id }) => id)
      const sums = chargeSums(inserted)
      const returns = (await takesReturns(trx, replica, batch)) ? batch.returns : []
      const terms = sums.map(sum => sum.terms)
      const ids = returns.map(({ budgetId }) => budgetId)
      if (terms.length + ids.length === 0) return { written, crossed: [] }
      const book = await SqlBook.load(trx, { replica, terms, ids, now: clockOf(trx) })
      const crossed = settle(book, replica, { sums, returns, now: book.now })
      await book.save()
      await noteCrossed(trx, book.now, crossed)
      return { written, crossed }
    })
    for (const caller of fresh) caller.isWritten = true
    return answer
  }

  async leases(replica: string): Promise<readonly GivenBack[]> {
    const rows = await this.#db
      .selectFrom('leases')
      .innerJoin('budgets', join =>
        join.onRef('budgets.id', '=', 'leases.budget_id').onRef('budgets.window_start', '=', 'leases.window_start'),
      )
      .select(['leases.budget_id', 'leases.window_start', 'leases.amount'])
      .where('leases.replica', '=', replica)
      .where('leases.written_off', '=', 0)
      .where('leases.amount', '>', 0n)
      .execute()
    return rows.map(row => ({ budgetId: row.budget_id, windowStart: row.window_start, amount: row.amount }))
  }

  async pulse(replica: string, leaseMs: Ms): Promise<Pulse> {
    const seenAt = await this.#prolong(replica, leaseMs)
    const now = seenAt ?? (await readClock(this.#db))
    const alive = seenAt !== undefined
    const reader = this.#readers.get(replica) ?? new ChangeReader(now)
    this.#readers.set(replica, reader)
    const changes = await reader.read(this.#db, now)
    const scarce = alive ? await this.#scarceFor(replica, now) : []
    if (this.#sweeps.isDue(now)) await sweep(this.#db, now)
    return { now, alive, changes, scarce }
  }

  async dead(): Promise<readonly string[]> {
    // From one replica of the leases' index to the next: there may be a million leases, of few.
    const { rows } = await sql<{ id: string }>`
      with recursive lenders (id) as (
        select min(replica) from leases
        union all
        select (select min(replica) from leases where replica > lenders.id) from lenders where lenders.id is not null
      )
      select id from replicas where expires_at < ${clockOf(this.#db)}
      union
      select id from lenders where id not in (select id from replicas)
        and exists (select 1 from leases where replica = lenders.id and amount > 0 and written_off = 0)
      order by 1`.execute(this.#db)
    return rows.map(({ id }) => id)
  }

  async claim(replica: string, isCertain: boolean): Promise<boolean> {
    const now = clockOf(this.#db)
    // As if its leases had just run out: longer ago, and the sweep would forget that it is being taken over.
    const { rows } = await sql`
      update replicas set claimed = 1, expires_at = case when expires_at < ${now} then expires_at else ${now} - 1 end
      where id = ${replica} and (${isCertain ? 1 : 0} = 1 or claimed = 1 or expires_at < ${now})
      returning id`.execute(this.#db)
    return rows.length > 0 || !(await isKnown(this.#db, replica))
  }

  writeOff(replica: string): Promise<readonly WrittenOff[]> {
    return this.#transaction(async trx => {
      if (await isAlive(trx, replica)) return []
      const ids = await leasedBy(trx, replica)
      const book = await SqlBook.load(trx, { replica, terms: [], ids, now: clockOf(trx) })
      const written = writeOffAll(book, replica, { ids, now: book.now })
      await book.save()
      return written
    })
  }

  async leave(replica: string): Promise<void> {
    let isAll = false
    while (!isAll) isAll = await this.#leaveSome(replica)
    this.#readers.delete(replica)
  }

  /** 100,000 leases take seconds, and others should not wait for all of them. Gives back whether these were the last. */
  #leaveSome(replica: string): Promise<boolean> {
    return this.#transaction(async trx => {
      const ids = await leasedBy(trx, replica, LEAVE_AT_ONCE)
      const book = await SqlBook.load(trx, { replica, terms: [], ids, now: clockOf(trx) })
      leaveAll(book, replica, { ids, now: book.now })
      await book.save()
      await sql`delete from leases where replica = ${replica} and ${isOneOf(trx, 'budget_id', ids)}`.execute(trx)
      if (ids.length === LEAVE_AT_ONCE) return false
      await trx.deleteFrom('replicas').where('id', '=', replica).execute()
      return true
    })
  }

  async define(terms: readonly BudgetTerms[]): Promise<void> {
    await this.#transaction(async trx => defineBudgets(trx, await readClock(trx), terms))
  }

  async budgets(ids: readonly string[]): Promise<readonly BudgetState[]> {
    const states = await standOf(this.#db, ids)
    return [...new Set(ids)].flatMap(id => states.get(id) ?? [])
  }

  async close(): Promise<void> {}

  /** The store's time, when the replica's leases had not run out. */
  async #prolong(replica: string, leaseMs: Ms): Promise<Ms | undefined> {
    const now = clockOf(this.#db)
    const { rows } = await sql<{ seen_at: number }>`
      update replicas set seen_at = ${now}, expires_at = ${now} + cast(${leaseMs} as bigint)
      where id = ${replica} and claimed = 0 and expires_at >= ${now} returning seen_at`.execute(this.#db)
    return rows[0]?.seen_at
  }

  async #scarceFor(replica: string, now: Ms): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('budgets')
      // Crossed and not ordered, so that SQLite begins with the few budgets that are scarce: not with all leases of the replica,
      // nor with all budgets in the order of their ids.
      .crossJoin('leases')
      .select('budgets.id')
      .where('budgets.wanted_at', '>', now - SCARCE_MS)
      .whereRef('leases.budget_id', '=', 'budgets.id')
      .whereRef('leases.window_start', '=', 'budgets.window_start')
      .where('leases.replica', '=', replica)
      .where('leases.written_off', '=', 0)
      .where('leases.amount', '>', 0n)
      .execute()
    return rows.map(({ id }) => id).sort()
  }
}

/** Leases of a replica that nobody knows to live would never run out. @throws Error */
async function checkAlive(db: Kysely<Database>, replica: string): Promise<void> {
  if (await isAlive(db, replica)) return
  throw new Error(`${replica} has not joined, or its leases have run out`)
}

/** Its row stays as it is to the end of the transaction: nobody takes over meanwhile. */
async function isAlive(db: Kysely<Database>, replica: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from replicas where id = ${replica} and claimed = 0 and expires_at >= ${clockOf(db)} ${forShare(db)}`.execute(
    db,
  )
  return rows.length > 0
}

async function isKnown(db: Kysely<Database>, replica: string): Promise<boolean> {
  return (await db.selectFrom('replicas').select('id').where('id', '=', replica).execute()).length > 0
}

/** All replicas mark what is charged to a budget that is used up. */
function noteCrossed(db: Kysely<Database>, now: Ms, crossed: readonly Crossing[]): Promise<void> {
  return noteChanges(
    db,
    now,
    crossed.map(({ budget }) => ({ kind: 'budget', id: budget.id })),
  )
}

async function takesReturns(db: Kysely<Database>, replica: string, { number, returns }: PostBatch): Promise<boolean> {
  if (returns.length === 0) return false
  if (number === undefined) return true
  const { numUpdatedRows } = await db
    .updateTable('replicas')
    .set({ batch: number })
    .where('id', '=', replica)
    .where('batch', '<', number)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Budgets that a replica has leases of, at most so many. */
async function leasedBy(db: Kysely<Database>, replica: string, most?: number): Promise<string[]> {
  const all = db.selectFrom('leases').select('budget_id').distinct().where('replica', '=', replica)
  const rows = await (most === undefined ? all : all.limit(most)).execute()
  return rows.map(row => row.budget_id)
}
