import type { Period } from './budget.ts'
import type { Ms } from './clock.ts'
import type { Json } from './json.ts'

/** What is configured of keys, users and teams beside what is written at each of them. */
export interface AccessSettings {
  /** What is known of callers is kept so long, and of so many keys; what is changed is forgotten at once. */
  readonly cache: { readonly size: number; readonly ttlMs: Ms }
  /** Fields of `/key/generate`, `/user/new` and `/team/new` where the request has none, in the API's names. */
  readonly keyDefaults: Fields
  readonly userDefaults: Fields
  readonly teamDefaults: Fields
  /** The most that a new key may have; it is also what a key gets whose request has no such field. */
  readonly keyCeilings: KeyCeilings
  /** The budget of end users that have none of their own. */
  readonly endUserBudget?: BudgetDefault
  /** The plan (`/budget`) of end users that have no budget of their own; it goes before `endUserBudget`. */
  readonly endUserPlan?: string
  /** A user's own budget bounds keys of teams as well. Default false. */
  readonly userBudgetForTeamKeys: boolean
}

type Fields = Readonly<Record<string, Json>>

/** In the API's names; US dollars. */
export interface BudgetDefault {
  readonly max_budget: number
  readonly budget_duration?: Period
}

/** In the API's names, as they are compared with what is asked for. */
export interface KeyCeilings {
  /** US dollars. */
  readonly max_budget?: number
  /** The longest period; `30d`. */
  readonly budget_duration?: Period
  /** The longest life of a key; `90d`. */
  readonly duration?: string
  readonly max_parallel_requests?: number
  readonly tpm_limit?: number
  readonly rpm_limit?: number
}

export const ACCESS_DEFAULTS: AccessSettings = {
  cache: { size: 100_000, ttlMs: 60_000 },
  keyDefaults: {},
  userDefaults: {},
  teamDefaults: {},
  keyCeilings: {},
  userBudgetForTeamKeys: false,
}

/** The members of `router_settings` that keys and teams may have: those that can differ from one call to the next. */
export const CALLER_ROUTER_SETTINGS = [
  'num_retries',
  'max_fallbacks',
  'timeout',
  'stream_timeout',
  'fallbacks',
  'context_window_fallbacks',
  'content_policy_fallbacks',
] as const

export type CallerRouterSetting = (typeof CALLER_ROUTER_SETTINGS)[number]
