import type { Period } from './budget.ts'
import type { Ms } from './clock.ts'
import type { Json } from './json.ts'
import type { NanoUsd } from './money.ts'

/** Who may do what beside what is written at keys, teams and users. Absent lists and switches change nothing. */
export interface AccessSettings {
  /** What is known of callers is kept so long, and of so many keys; what is revoked is forgotten at once. */
  readonly cache: { readonly size: number; readonly ttlMs: Ms }
  /** Fields of `/key/generate` for keys that are created without them, in the API's names. */
  readonly keyDefaults: Fields
  /** The most that a key may be created with; it is also what a key gets that is created without the field. */
  readonly keyCeilings: KeyCeilings
  /** Fields of `/user/new` and `/team/new` for those that are created without them, in the API's names. */
  readonly userDefaults: Fields
  readonly teamDefaults: Fields
  /** The budget of users, and of end users, whose records set none. */
  readonly userBudget?: BudgetDefault
  readonly endUserBudget?: BudgetDefault
  /** The plan (`/budget`) of end users that have none of their own. */
  readonly endUserPlan?: string
  /** Soft limit of keys that have a budget and no soft limit. */
  readonly keySoftLimit?: NanoUsd
  /** A user's own budget bounds the keys of teams as well, which the user created. Default false. */
  readonly userBudgetOnTeamKeys: boolean
  /** Keys must belong to a team. Default false. */
  readonly teamsOnly: boolean
  /** Calls must name an end user (`user`). Default false. */
  readonly endUserRequired: boolean
  /** Routes that keys may call at all, those that need no key, and those that only admins may call. `*` ends a prefix. */
  readonly allowedRoutes?: readonly string[]
  readonly publicRoutes?: readonly string[]
  readonly adminRoutes?: readonly string[]
  /** Addresses, or networks such as `10.0.0.0/8`, that may call. */
  readonly allowedAddresses?: readonly string[]
}

type Fields = Readonly<Record<string, Json>>

export interface BudgetDefault {
  readonly limit: NanoUsd
  readonly period: Period
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
  cache: { size: 10_000, ttlMs: 60_000 },
  keyDefaults: {},
  keyCeilings: {},
  userDefaults: {},
  teamDefaults: {},
  userBudgetOnTeamKeys: false,
  teamsOnly: false,
  endUserRequired: false,
}
