import { type Kysely, sql } from 'kysely'
import type { BudgetState, BudgetTerms } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import type { NanoUsd } from '../core/money.ts'
import { redefined, rolled, stateOf, withSpent } from '../ledger/account.ts'
import { accountOf } from './budget-rows.ts'
import { noteChanges } from './changes.ts'
import { clockOf, inTransaction, isOneOf, moment, readClock } from './dialect.ts'
import type { Database } from './schema.ts'
import { SqlBook } from './sql-book.ts'

/**
 * Sets the terms of budgets and opens those that are new. What was spent stays; a changed period ends next when it would
 * from the window's start, or from now where that is past. Replicas are told of those that were there and have changed.
 */
export function defineBudgets(db: Kysely<Database>, now: Ms, terms: readonly BudgetTerms[]): Promise<void> {
  return defineAsFound(db, { now, terms, again: async () => terms })
}

export interface FoundTerms {
  readonly now: Ms
  readonly terms: readonly BudgetTerms[]
  /** Looks them up again; those that it leaves out are not set. */
  readonly again: (db: Kysely<Database>) => Promise<readonly BudgetTerms[]>
}

/**
 * The same for terms that were looked up outside of a transaction. They are looked up once more while nobody else can change these
 * budgets: else they could come after newer ones, and stay.
 */
export async function defineAsFound(db: Kysely<Database>, { now, terms, again }: FoundTerms): Promise<void> {
  if (terms.length === 0) return
  await inTransaction(db, async trx => {
    const book = await SqlBook.load(trx, { replica: undefined, terms, ids: [], now: moment(now) })
    const changed: string[] = []
    for (const term of await again(trx)) {
      const account = book.get(term.id)
      if (!account) continue
      const next = redefined(account, term, now)
      if (next === account) continue
      book.set(next)
      changed.push(term.id)
    }
    await book.save()
    await noteChanges(trx, now, budgetChanges(changed))
  })
}

/** Forgets budgets and what is lent of them. What is posted for them later opens them anew: drop whom they bound first. */
export async function dropBudgets(db: Kysely<Database>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await inTransaction(db, async trx => {
    const book = await SqlBook.load(trx, { replica: undefined, terms: [], ids, now: clockOf(trx) })
    await sql`delete from leases where ${isOneOf(trx, 'budget_id', ids)}`.execute(trx)
    await sql`delete from budgets where ${isOneOf(trx, 'id', ids)}`.execute(trx)
    const known = ids.filter(id => book.get(id) !== undefined)
    await noteChanges(trx, book.now, budgetChanges(known))
  })
}

/** Where budgets stand; unknown ones are left out. A window that is over is shown as the next one. */
export async function standOf(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, BudgetState>> {
  if (ids.length === 0) return new Map()
  const now = await readClock(db)
  const rows = await db
    .selectFrom('budgets')
    .selectAll()
    .where(isOneOf(db, 'id', ids))
    .execute()
  return new Map(rows.map(row => [row.id, stateOf(rolled(accountOf(row, []), now))]))
}

/** Sets what was spent in the present window by hand; false where there is no such budget. What is lent stays lent. */
export async function setSpent(db: Kysely<Database>, now: Ms, id: string, spent: NanoUsd): Promise<boolean> {
  return inTransaction(db, async trx => {
    const book = await SqlBook.load(trx, { replica: undefined, terms: [], ids: [id], now: moment(now) })
    const account = book.get(id)
    if (!account) return false
    book.set(withSpent(rolled(account, now), spent))
    await book.save()
    await noteChanges(trx, now, budgetChanges([id]))
    return true
  })
}

function budgetChanges(ids: readonly string[]) {
  return ids.map(id => ({ kind: 'budget' as const, id }))
}
