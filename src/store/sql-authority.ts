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
import { defineBudgets, standOf } from './budgets.ts'
import { ChangeReader, noteChanges } from './changes.ts'
import { boundLockWaits, clockOf, isOneOf, readClock } from './dialect.ts'
import { insertCallers, LedgerCallers } from './ledger-callers.ts'
import { insertLedgerRows } from './ledger-rows.ts'
import {
  checkAlive,
  claimReplica,
  deadReplicas,
  isAlive,
  leasedBy,
  lockReplica,
  prolong,
  scarceOf,
  takesReturns,
} from './replica-rows.ts'
import type { Database } from './schema.ts'
import { SqlBook } from './sql-book.ts'
import type { Store } from './store.ts'
import { SweepSchedule, sweep } from './sweep.ts'

export interface SqlAuthorityParts {
  /** For single statements. */
  readonly db: Kysely<Database>
  readonly transaction: Store['transaction']
}

/** Budgets whose leases are given back, or written off, in one transaction: a tenth of a second in SQLite. */
const BUDGETS_AT_ONCE = 2_000

/**
 * Who locks a replica's row waits no longer for a budget's: the replica's pulses wait meanwhile. Less than a call waits for
 * money, so that the next question does not come before the end of this one.
 */
const LOCK_MS: Ms = 600

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
      if ((await lockReplica(trx, id))?.isClaimed) throw new Error(`${id} is being taken over`)
      const ids = await leasedBy(trx, id, { writtenOff: true })
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
      await boundLockWaits(trx, LOCK_MS)
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
      if (batch.returns.length > 0) await boundLockWaits(trx, LOCK_MS)
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

  leases(replica: string): Promise<readonly GivenBack[]> {
    return this.#transaction(async trx => {
      // A question whose answer was lost here may still be on its way to its end there, and lends meanwhile.
      await lockReplica(trx, replica)
      await checkAlive(trx, replica)
      const rows = await trx
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
    })
  }

  async pulse(replica: string, leaseMs: Ms): Promise<Pulse> {
    const seenAt = await prolong(this.#db, replica, leaseMs)
    const now = seenAt ?? (await readClock(this.#db))
    const alive = seenAt !== undefined
    const reader = this.#readers.get(replica) ?? new ChangeReader(now)
    this.#readers.set(replica, reader)
    const scarce = alive ? await scarceOf(this.#db, replica, now) : []
    if (this.#sweeps.isDue(now)) await sweep(this.#db, now)
    // Last: what is read counts as told, and a pulse that fails afterwards would have told nobody.
    const changes = await reader.read(this.#db, now)
    return { now, alive, changes, scarce }
  }

  dead(others: readonly string[] = []): Promise<readonly string[]> {
    return deadReplicas(this.#db, others)
  }

  claim(replica: string, isCertain: boolean): Promise<boolean> {
    return claimReplica(this.#db, replica, isCertain)
  }

  async writeOff(replica: string): Promise<readonly WrittenOff[]> {
    const written: WrittenOff[] = []
    let after: string | undefined = ''
    while (after !== undefined) after = await this.#writeOffSome(replica, after, written)
    return written
  }

  /** Others should not wait for all of them. Gives back the last budget; undefined: there are no more. */
  #writeOffSome(replica: string, after: string, written: WrittenOff[]): Promise<string | undefined> {
    return this.#transaction(async trx => {
      // It may be about to join again.
      await lockReplica(trx, replica)
      if (await isAlive(trx, replica)) return undefined
      const ids = await leasedBy(trx, replica, { writtenOff: false, after, most: BUDGETS_AT_ONCE })
      const book = await SqlBook.load(trx, { replica, terms: [], ids, now: clockOf(trx) })
      written.push(...writeOffAll(book, replica, { ids, now: book.now }))
      await book.save()
      return ids.length === BUDGETS_AT_ONCE ? ids.at(-1) : undefined
    })
  }

  async leave(replica: string, isClaimed = false): Promise<void> {
    let isAll = false
    while (!isAll) isAll = await this.#leaveSome(replica, isClaimed)
    this.#readers.delete(replica)
  }

  /** 100,000 leases take seconds, and others should not wait for all of them. Gives back whether these were the last. */
  #leaveSome(replica: string, isClaimed: boolean): Promise<boolean> {
    return this.#transaction(async trx => {
      // What is being lent to it is lent before, so that it goes back as well; after it, nothing is.
      const known = await lockReplica(trx, replica)
      if (isClaimed && !known?.isClaimed) return true
      const ids = await leasedBy(trx, replica, { most: BUDGETS_AT_ONCE })
      const book = await SqlBook.load(trx, { replica, terms: [], ids, now: clockOf(trx) })
      leaveAll(book, replica, { ids, now: book.now })
      await book.save()
      await sql`delete from leases where replica = ${replica} and ${isOneOf(trx, 'budget_id', ids)}`.execute(trx)
      if (ids.length === BUDGETS_AT_ONCE) return false
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
}

/** All replicas mark what is charged to a budget that is used up. */
function noteCrossed(db: Kysely<Database>, now: Ms, crossed: readonly Crossing[]): Promise<void> {
  return noteChanges(
    db,
    now,
    crossed.map(({ budget }) => ({ kind: 'budget', id: budget.id })),
  )
}
