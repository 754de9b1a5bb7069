import type { Json } from '../core/json.ts'

/**
 * What stands in the column `data`, under the names of LiteLLM's API. Money in US dollars as it was said; null and absent
 * mean the same: not set.
 */
export interface MoneyFields {
  readonly max_budget?: number | null
  readonly soft_budget?: number | null
  /** How long the main budget runs; absent: for ever. */
  readonly budget_duration?: string | null
  /** By pool. */
  readonly model_max_budget?: Readonly<Record<string, PoolBudget>> | null
  /** Further windows beside the main budget. */
  readonly budget_limits?: readonly WindowBudget[] | null
}

export interface PoolBudget {
  readonly max_budget: number
  readonly budget_duration?: string | null
}

export interface WindowBudget {
  readonly max_budget: number
  readonly budget_duration: string
}

export interface RateFields {
  readonly rpm_limit?: number | null
  readonly tpm_limit?: number | null
  readonly max_parallel_requests?: number | null
  readonly model_rpm_limit?: Readonly<Record<string, number>> | null
  readonly model_tpm_limit?: Readonly<Record<string, number>> | null
}

export interface AccessFields {
  readonly models?: readonly string[] | null
  readonly metadata?: Readonly<Record<string, Json>> | null
  readonly tags?: readonly string[] | null
  readonly router_settings?: Readonly<Record<string, Json>> | null
}

/** `plans.data`, and what members and customers say for themselves. */
export interface PlanData extends MoneyFields, RateFields {}

export interface KeyData extends MoneyFields, RateFields, AccessFields {
  readonly aliases?: Readonly<Record<string, string>> | null
  readonly allowed_routes?: readonly string[] | null
  /** Added to `max_budget` until `temp_budget_expiry` (epoch ms). */
  readonly temp_budget_increase?: number | null
  readonly temp_budget_expiry?: number | null
  /** Under which its spending is counted, once it was regenerated: `keySubject`. */
  readonly budget_subject?: string | null
}

export interface UserData extends MoneyFields, RateFields, AccessFields {
  readonly blocked?: boolean | null
}

export interface TeamData extends MoneyFields, RateFields, AccessFields {
  readonly model_aliases?: Readonly<Record<string, string>> | null
  readonly team_member_budget?: number | null
  readonly team_member_budget_duration?: string | null
  readonly team_member_rpm_limit?: number | null
  readonly team_member_tpm_limit?: number | null
}

export interface OrganizationData extends MoneyFields, RateFields, AccessFields {}

/** `tags.data`. */
export interface TagData extends MoneyFields, RateFields {
  readonly models?: readonly string[] | null
  readonly description?: string | null
}

/** The `data` of a row that this program wrote; absent rows have none. */
export function dataOf<Data extends object>(text: string | null | undefined): Partial<Data> {
  return text ? (JSON.parse(text) as Data) : {}
}

/** What is said here, and where nothing is said there: a plan under somebody's own fields, defaults under a member's. */
export function over<Data extends object>(own: Data, under: Data | undefined): Data {
  if (!under) return own
  const all: Record<string, unknown> = { ...(under as Record<string, unknown>) }
  for (const [name, value] of Object.entries(own)) if (value !== null && value !== undefined) all[name] = value
  return all as Data
}
