import type { BudgetDefault } from '../core/access-settings.ts'
import { type BudgetLevel, type BudgetTerms, budgetId } from '../core/budget.ts'
import type { Ms } from '../core/clock.ts'
import { type NanoUsd, usdToNano } from '../core/money.ts'
import type { KeyData, MoneyFields } from './fields.ts'

/** Whose budgets are described. */
export interface BudgetSubject {
  readonly level: BudgetLevel
  readonly subject: string
  readonly name?: string | null
}

/**
 * The budgets that somebody's fields describe: the main one, which is always there so that spending is counted, one per
 * pool of `model_max_budget` and one per window of `budget_limits`. The callers are charged to these terms, and whoever
 * writes the fields writes these terms to the store's budgets.
 */
export function budgetTerms(of: BudgetSubject, fields: MoneyFields): readonly BudgetTerms[] {
  // What is spread comes last: an object that begins with a spread and has more gets a hidden class of its own (Node 20),
  // which takes 220 bytes, and 2 µs instead of 0.2 to make and to read.
  const main: BudgetTerms = {
    id: budgetId(of),
    period: fields.budget_duration ?? 'total',
    limit: nano(fields.max_budget),
    ...place(of),
    ...softLimit(fields.soft_budget),
  }
  const pools = Object.entries(fields.model_max_budget ?? {}).map(([pool, { max_budget, budget_duration }]) => ({
    id: budgetId({ pool, ...of }),
    pool,
    period: budget_duration ?? 'total',
    limit: usdToNano(max_budget),
    ...place(of),
  }))
  const windows = (fields.budget_limits ?? []).map(({ max_budget, budget_duration }) => ({
    id: budgetId({ window: budget_duration, ...of }),
    period: budget_duration,
    limit: usdToNano(max_budget),
    ...place(of),
  }))
  return pools.length + windows.length === 0 ? [main] : [main, ...pools, ...windows]
}

/** The budgets of a key at a moment: the main one with its temporary increase while that lasts. */
export function keyBudgetTerms(of: Omit<BudgetSubject, 'level'>, data: KeyData, now: Ms): readonly BudgetTerms[] {
  const terms = budgetTerms({ ...of, level: 'key' }, data)
  const [main, ...others] = terms
  const { temp_budget_increase: more, temp_budget_expiry: until } = data
  if (!main || main.limit === undefined || !more || !until || until <= now) return terms
  return [{ ...main, limit: main.limit + usdToNano(more) }, ...others]
}

/** Terms whose main budget has the default limit where it has none of its own. */
export function withDefault(
  terms: readonly BudgetTerms[],
  standard: BudgetDefault | undefined,
): readonly BudgetTerms[] {
  const [main, ...others] = terms
  if (!standard || !main || main.limit !== undefined) return terms
  const limit = usdToNano(standard.max_budget)
  return [{ ...main, limit, period: standard.budget_duration ?? main.period }, ...others]
}

/** A member of a team is a subject of its own: `team/user`, each part encoded so that no two members share a subject. */
export function memberSubject(teamId: string, userId: string): string {
  return `${encodeURIComponent(teamId)}/${encodeURIComponent(userId)}`
}

function place({ level, subject, name }: BudgetSubject): Pick<BudgetTerms, 'level' | 'subject' | 'name'> {
  return name ? { level, subject, name } : { level, subject }
}

function nano(dollars: number | null | undefined): NanoUsd | undefined {
  return dollars === null || dollars === undefined ? undefined : usdToNano(dollars)
}

function softLimit(dollars: number | null | undefined): { readonly softLimit?: NanoUsd } {
  const limit = nano(dollars)
  return limit === undefined ? {} : { softLimit: limit }
}
