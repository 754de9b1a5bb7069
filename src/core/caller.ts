import type { BudgetTerms } from './budget.ts'
import type { CallOptions, FallbackTable } from './call.ts'

/** LiteLLM's roles; `team` and `customer` never manage anything. */
export type Role =
  | 'proxy_admin'
  | 'proxy_admin_viewer'
  | 'org_admin'
  | 'internal_user'
  | 'internal_user_viewer'
  | 'team'
  | 'customer'

/** Who asks, as the gateway authenticated it. One object per key while nothing about the key changes. */
export interface Caller {
  /** Names the key without revealing it: `master`, else the keyed hash of it. */
  readonly keyId: string
  readonly role: Role
  readonly keyAlias?: string
  readonly userId?: string
  readonly teamId?: string
  readonly teamAlias?: string
  readonly organizationId?: string
  /** Told from the request, where the caller speaks for others (`user`, `x-litellm-end-user-id`). */
  readonly endUser?: string
  /** Tags of the key and its team, added to every call's own. */
  readonly tags?: readonly string[]
  /** Pools that it may ask for, each list by one level (key, team, user, ...); absent: all. `*` in a name stands for any text. */
  readonly pools?: readonly PoolGrant[]
  /** Names that it may use for pools (`aliases`), own before team's. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Routes that it may call, as `allowed_routes` has them; absent: those of its kind. */
  readonly routes?: readonly string[]
  /** Its share of capacity (`metadata.priority`). */
  readonly priority?: string
  /** What its calls are charged to, from the key to the gateway; unlimited ones count as well. */
  readonly budgets: readonly BudgetTerms[]
  readonly limits: readonly RateLimit[]
  /** Its own router settings: they hold where a call does not say. */
  readonly options?: Partial<CallOptions>
  /** Its own fallbacks by the pool that is asked for; they hold where a call names none. */
  readonly fallbacks?: FallbackTable
  /** `metadata` of the key, for records. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** Which pools one level grants. */
export interface PoolGrant {
  readonly level: 'key' | 'team' | 'user' | 'organization'
  readonly pools: readonly string[]
}

export type LimitLevel =
  | 'key'
  | 'user'
  | 'team'
  | 'team_member'
  | 'organization'
  | 'end_user'
  | 'tag'
  | 'model_per_key'
  | 'model_per_team'
  | 'gateway'

/** How much may be asked. Absent numbers are unlimited. */
export interface RateLimit {
  readonly level: LimitLevel
  /** Whose: with the level and the pool it is unique. */
  readonly subject: string
  readonly name?: string
  /** Only calls to this pool count. Undefined: all. */
  readonly pool?: string
  /** Requests per minute. */
  readonly rpm?: number
  /** Tokens per minute, input and output together. */
  readonly tpm?: number
  /** Calls under way at once. */
  readonly parallel?: number
  /** Of a limit that callers of several priorities share (a pool's): how much of it is kept for whom. */
  readonly shares?: PriorityShares
}

/**
 * Parts of the requests and tokens per minute that are reserved by priority (LiteLLM's `priority_reservation`). Below
 * the saturation anybody may use what others leave; above it each priority has its own part, and no more.
 */
export interface PriorityShares {
  /** Priority to its part, 0 to 1. */
  readonly reserved: Readonly<Record<string, number>>
  /** The part of all those together whose priority has none of its own, 0 to 1. LiteLLM's default: 0.25. */
  readonly otherwise: number
  /** How full the limit is, 0 to 1, from where on the parts hold. LiteLLM's default: 0.5. */
  readonly saturation: number
}

/** Somebody of whom nothing is known but the key: no budgets, no limits, nothing to manage. */
export function plainCaller(keyId: string, role: Role = 'customer'): Caller {
  return { keyId, role, budgets: [], limits: [] }
}
