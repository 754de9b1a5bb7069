import type { KeyData } from './fields.ts'

/**
 * Under which subject a key's spending and rates are counted: its id, or, once it was regenerated, the id that it had at
 * first. A new secret is no new budget.
 */
export function keySubject(id: string, data: Pick<KeyData, 'budget_subject'>): string {
  return data.budget_subject ?? id
}
