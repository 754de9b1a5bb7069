import { describe, expect, it } from 'vitest'
import { budgetOf } from '../../../test/support/till.ts'
import type { BudgetState, BudgetTerms } from '../../core/budget.ts'
import { overBudget } from './refusals.ts'

const NOON = Date.UTC(2026, 0, 10, 12)
const state = (terms: BudgetTerms, draft: Partial<BudgetState> = {}): BudgetState => ({
  ...terms,
  spent: 4_200_000_000n,
  leased: 300_000_000n,
  windowStart: 0,
  resetsAt: undefined,
  ...draft,
})

describe('the refusal of a budget', () => {
  it('says which it was, how it stands, and when it begins again', () => {
    const team = budgetOf('t', 5_000_000_000n, { level: 'team', name: 'Search', period: 'day' })
    const refusal = overBudget(state(team, { resetsAt: NOON + 60_000 }), 600_000_001n, NOON)
    expect(refusal.message).toBe(
      "the day budget of team 'Search' has not enough left: limit $5.00, spent $4.20, held $0.30, and this call may cost " +
        'up to $0.600000001; it begins again at 2026-01-10T12:01:00Z',
    )
    expect(refusal).toMatchObject({
      kind: 'over_budget',
      code: 'insufficient_quota',
      retryAfterMs: 60_000,
      remaining: 500_000_000n,
    })
    expect(refusal.verdict).toMatchObject({ status: 429, type: 'budget_exceeded' })
    expect(refusal.details?.budget).toEqual({
      level: 'team',
      name: 'Search',
      subject: 't',
      period: 'day',
      limit_usd: 5,
      spent_usd: 4.2,
      held_usd: 0.3,
      needed_usd: 0.600000001,
      resets_at: '2026-01-10T12:01:00Z',
    })
  })

  it('does not tell the hash of a key, and no time where it never begins again', () => {
    const refusal = overBudget(state(budgetOf('hash-of-it', 1n)), 1n, NOON)
    expect(refusal.message).toContain('the budget of key has not')
    expect(refusal.message).toContain('it does not begin again by itself')
    expect(JSON.stringify([refusal.message, refusal.details])).not.toContain('hash-of-it')
    expect(refusal).toMatchObject({ retryAfterMs: undefined, remaining: 0n })
  })

  it('of a provider or a deployment lets the call go elsewhere', () => {
    for (const level of ['provider', 'deployment'] as const) {
      const refusal = overBudget(state(budgetOf('x', 1n, { level })), 1n, NOON)
      expect(refusal).toMatchObject({ kind: 'deployment_over_budget', verdict: { again: true } })
    }
  })
})
