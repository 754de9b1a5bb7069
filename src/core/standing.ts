import type { RateLimit } from './caller.ts'
import type { Ms } from './clock.ts'

/** What is left of a limit after a call was let through, or refused. */
export interface Standing {
  readonly limit: RateLimit
  readonly remainingRequests?: number
  readonly remainingTokens?: number
  readonly remainingParallel?: number
  /** Until the requests, or the tokens, are whole again. */
  readonly resetRequestsMs?: Ms
  readonly resetTokensMs?: Ms
}
