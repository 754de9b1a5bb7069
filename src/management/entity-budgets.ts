import type { Kysely } from 'kysely'
import { type BudgetSubject, budgetTerms } from '../access/budget-terms.ts'
import type { MoneyFields } from '../access/fields.ts'
import { type BudgetLevel, type BudgetState, type BudgetTerms, budgetId } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import { nanoToUsd } from '../core/money.ts'
import { defineBudgets, dropBudgets, standOf } from '../store/budgets.ts'
import type { Database } from '../store/schema.ts'
import { isoTime } from './entity-data.ts'

/** Somebody with budgets, and the fields that describe them: own ones over a plan's or a team's. */
export interface BudgetOwner extends BudgetSubject {
  readonly fields: MoneyFields
  /** Where the fields alone do not say it (a key's temporary increase). */
  readonly terms?: readonly BudgetTerms[]
}

/** Owners per statement: SQLite binds at most 32,766 values. */
const BATCH = 500

/** Makes the budgets of these owners what their fields say: sets them, and drops those that are no longer said. */
export async function setBudgets(db: Kysely<Database>, now: Ms, owners: readonly BudgetOwner[]): Promise<void> {
  for (let at = 0; at < owners.length; at += BATCH) {
    const batch = owners.slice(at, at + BATCH)
    const terms = batch.flatMap(owner => owner.terms ?? budgetTerms(owner, owner.fields))
    const kept = new Set(terms.map(({ id }) => id))
    const had = await idsOf(db, batch)
    await dropBudgets(
      db,
      had.filter(id => !kept.has(id)),
    )
    await defineBudgets(db, now, terms)
  }
}

/** Drops all budgets of owners who are no more. */
export async function dropBudgetsOf(db: Kysely<Database>, owners: readonly BudgetSubject[]): Promise<void> {
  for (let at = 0; at < owners.length; at += BATCH) await dropBudgets(db, await idsOf(db, owners.slice(at, at + BATCH)))
}

async function idsOf(db: Kysely<Database>, owners: readonly BudgetSubject[]): Promise<string[]> {
  const ids: string[] = []
  for (const level of new Set(owners.map(owner => owner.level))) {
    const subjects = owners.filter(owner => owner.level === level).map(({ subject }) => subject)
    const rows = await db
      .selectFrom('budgets')
      .select('id')
      .where('level', '=', level)
      .where('subject', 'in', subjects)
      .execute()
    for (const { id } of rows) ids.push(id)
  }
  return ids
}

/** Where the main budgets of subjects of one level stand, by subject. */
export type Stands = ReadonlyMap<string, BudgetState>

export async function standsOf(
  db: Kysely<Database>,
  { level, subjects }: { readonly level: BudgetLevel; readonly subjects: readonly string[] },
): Promise<Stands> {
  const stands = new Map<string, BudgetState>()
  for (let at = 0; at < subjects.length; at += BATCH) {
    const ids = subjects.slice(at, at + BATCH).map(subject => budgetId({ level, subject }))
    for (const state of (await standOf(db, ids)).values()) stands.set(state.subject, state)
  }
  return stands
}

/** The fields of LiteLLM's API that tell where a budget stands. */
export function shownStand(stand: BudgetState | undefined) {
  return {
    spend: stand ? nanoToUsd(stand.spent) : 0,
    budget_reset_at: isoTime(stand?.resetsAt),
  }
}

/** The limit of a budget in dollars; null: there is none. */
export function limitOf(stand: BudgetState | undefined): number | null {
  return stand?.limit === undefined ? null : nanoToUsd(stand.limit)
}
