import type { RateLimit } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'

/**
 * Who counts what is asked per minute and what is under way: this process, the main process of several workers, or Redis.
 * An implementation that waits for others bounds its wait, and falls back to this replica's share while they are away.
 */
export interface Limiter {
  /** Takes a request, its tokens and a place from every limit at once, or nothing from any. */
  admit(ask: LimitAsk): Admission | Promise<Admission>
  /** Corrects estimated tokens by what was used, and gives the places back. Once per admission that was granted. */
  settle(granted: Granted, usedTokens: number): void
  /** Ends what goes on by itself. Places that are still taken are given back. */
  close(): Promise<void>
}

export interface LimitAsk {
  /** The call's id: its places are held under it. */
  readonly id: string
  readonly limits: readonly RateLimit[]
  /** Estimated tokens, input and output. */
  readonly tokens: number
  /** Whose share of reserved capacity it may use. */
  readonly priority?: string
  /** What would be welcome beyond the call, of each limit in their order, where that is a small part of what is left. */
  readonly ahead?: readonly Quantity[]
}

/** What is taken of a limit. */
export interface Quantity {
  readonly requests: number
  readonly tokens: number
}

export type Admission = Granted | Refused

export interface Granted {
  readonly granted: true
  readonly ask: LimitAsk
  readonly standings: readonly Standing[]
  /** What was taken ahead, of each limit; absent where nothing was asked. */
  readonly lots?: readonly Quantity[] | undefined
}

export interface Refused {
  readonly granted: false
  /** The limit that was in the way, and what of it. */
  readonly limit: RateLimit
  readonly what: 'requests' | 'tokens' | 'parallel'
  /** When it may be asked again; undefined: nobody knows (parallel calls). Infinity: never, it is larger than the limit. */
  readonly retryAfterMs: Ms | undefined
  readonly standings: readonly Standing[]
}
