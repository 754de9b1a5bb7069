import type { RateLimit } from './caller.ts'

/** How much may be asked of the gateway as a whole, and how its capacity is shared. */
export interface LimitSettings {
  /** Limits of level `gateway` that every call is counted by; over all replicas where they share Redis. */
  readonly gateway: readonly RateLimit[]
  /** Calls under way at once of each key that sets no limit itself. */
  readonly keyParallel?: number
  readonly reservation?: PriorityReservation
}

/** Shares of each pool's capacity (the requests and tokens per minute that its deployments declare) by priority. */
export interface PriorityReservation {
  /** By the priority that a key or its team has (`metadata.priority`). */
  readonly shares: Readonly<Record<string, CapacityShare>>
  /** What all callers have together whose priority has no share. Default 0.25 of the capacity. */
  readonly defaultShare: number
  /** The used part of the capacity from which shares hold; below it everybody may use all. Default 0.5. */
  readonly saturation: number
}

/** A fraction of the capacity (`percent`: 0 to 1), or requests or tokens per minute. */
export interface CapacityShare {
  readonly kind: 'percent' | 'rpm' | 'tpm'
  readonly value: number
}
