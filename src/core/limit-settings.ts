import type { RateLimit } from './caller.ts'

/** How much may be asked of the gateway as a whole. */
export interface LimitSettings {
  /**
   * Limits of level `gateway` that every call is counted by, whoever makes it: one for all calls, and, where capacity is
   * shared by priority, one for each pool with what its deployments grant together. Over all replicas that share Redis.
   */
  readonly gateway: readonly RateLimit[]
  /** Calls under way at once of each key that sets no limit itself. */
  readonly keyParallel?: number
}
