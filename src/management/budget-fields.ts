import { z } from 'zod'
import type { Json } from '../core/json.ts'
import { budgetDuration, count, table, usd } from './fields.ts'

/** One pool's budget: dollars, or dollars and a period under either of LiteLLM's two pairs of names. */
const poolBudget = z
  .union(
    [
      usd.transform(dollars => ({ max_budget: dollars })),
      z.strictObject({ max_budget: usd, budget_duration: budgetDuration.nullish() }),
      z.strictObject({ budget_limit: usd, time_period: budgetDuration.nullish() }),
    ],
    { error: 'must be US dollars, {max_budget, budget_duration} or {budget_limit, time_period}' },
  )
  .transform(said => ('budget_limit' in said ? renamed(said) : said))

function renamed({ budget_limit, time_period }: { budget_limit: number; time_period?: string | null | undefined }) {
  return { max_budget: budget_limit, ...(time_period ? { budget_duration: time_period } : {}) }
}

/** How many windows beside the main budget: each is held and charged with every call. */
const MAX_WINDOWS = 8

const budgetWindows = z
  .array(z.strictObject({ budget_duration: budgetDuration, max_budget: usd }))
  .max(MAX_WINDOWS)
  .refine(
    windows => new Set(windows.map(window => window.budget_duration)).size === windows.length,
    'must not have two windows of one duration',
  )

/** What may be spent. 0 blocks; null is no limit. */
export const budgetFields = {
  max_budget: usd.nullish(),
  soft_budget: usd.nullish(),
  budget_duration: budgetDuration.nullish(),
  model_max_budget: table(poolBudget)
    .refine(pools => Object.keys(pools).length <= 100, 'must not have more than 100 entries')
    .nullish(),
  budget_limits: budgetWindows.nullish(),
} as const

/** How much may be asked per minute and at once. 0 lets nothing through; null is no limit. */
export const limitFields = {
  tpm_limit: count.nullish(),
  rpm_limit: count.nullish(),
  max_parallel_requests: count.nullish(),
} as const

/** The same for single pools. */
export const poolLimitFields = {
  model_rpm_limit: table(count).nullish(),
  model_tpm_limit: table(count).nullish(),
} as const

const limitType = z.literal('best_effort_throughput', {
  error: 'must be best_effort_throughput: no other has an effect in tollgate',
})

/** How limits are reserved: in one way only. */
export const limitTypes = {
  rpm_limit_type: limitType.nullish(),
  tpm_limit_type: limitType.nullish(),
} as const

/**
 * A field that LiteLLM has and tollgate does nothing for. It is taken when it says nothing, and refused otherwise: whoever
 * asks for a guardrail and gets none in silence is worse off than who is told. `why`: the reason, and what to do instead.
 */
export function withoutEffect(why?: string) {
  return z
    .custom<Json>(isNothing, `has no effect in tollgate${why === undefined ? '' : ` (${why})`}; leave it out`)
    .transform(() => null)
    .optional()
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
