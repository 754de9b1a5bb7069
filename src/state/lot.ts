import type { RateLimit } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'
import type { Quantity } from './limiter.ts'
import type { Owed } from './memory-limiter.ts'

/** Who has fewer requests in a span asks with each. */
const FEWEST_REQUESTS = 2

/** What is here of one limit, and what calls took of it. */
export class Lot {
  readonly key: string
  /** As it is now: by what it allows, what is told of this lot is counted. */
  limit: RateLimit
  /** Monotonic. */
  endsAt: Ms
  /** Somebody was asked for more. */
  isAwaited = false
  /** Another one may have taken its place. */
  isForgotten = false
  #requests = 0
  #tokens = 0
  /** So many tokens were here when the last lot had come. */
  #mostTokens = 0
  /** How the limit stood when somebody was asked, without what is here. */
  #told: Standing
  #taken = { requests: 0, tokens: 0 }
  #before = { requests: 0, tokens: 0 }

  constructor(limit: RateLimit, key: string, endsAt: Ms) {
    this.key = key
    this.limit = limit
    this.#told = { limit }
    this.endsAt = endsAt
  }

  has(tokens: number): boolean {
    return this.#requests >= 1 && this.#tokens >= tokens
  }

  get hasRest(): boolean {
    return this.#requests > 0 || this.#tokens > 0
  }

  get isBusy(): boolean {
    return Math.max(this.#taken.requests, this.#before.requests) >= FEWEST_REQUESTS
  }

  /** What is missing for as much as calls took in the last span, or in this one if that is more. */
  order(): Quantity {
    this.isAwaited = true
    return {
      requests: Math.max(this.#taken.requests, this.#before.requests) - this.#requests,
      // Where no limit counts tokens, calls take none.
      tokens: Math.max(this.#taken.tokens, this.#before.tokens, 1) - this.#tokens,
    }
  }

  note(tokens: number): void {
    this.#taken.requests++
    this.#taken.tokens += tokens
  }

  take(tokens: number): Standing {
    this.note(tokens)
    this.#requests--
    this.#tokens -= tokens
    return this.#standing()
  }

  receive(lot: Quantity | undefined): void {
    this.isAwaited = false
    this.#requests += lot?.requests ?? 0
    this.#tokens += lot?.tokens ?? 0
    this.#mostTokens = Math.max(this.#tokens, 0)
  }

  hear(told: Standing): Standing {
    this.#told = told
    return this.#standing()
  }

  told(tokens: number): void {
    this.#move(0, -tokens)
  }

  /** A call has used so many tokens more than it took. */
  use(tokens: number): this {
    this.#tokens -= tokens
    return this
  }

  /** Takes out tokens beyond what came with a lot, and, below zero, what calls used beyond what was here. */
  takeSurplus(): Owed {
    return this.#takeOut(0, this.#tokens < 0 ? this.#tokens : Math.max(this.#tokens - this.#mostTokens, 0))
  }

  /** Takes out all that is left. */
  takeRest(): Owed {
    this.#mostTokens = 0
    return this.#takeOut(this.#requests, this.#tokens)
  }

  /** What goes back is left elsewhere. */
  #takeOut(requests: number, tokens: number): Owed {
    this.#requests -= requests
    this.#tokens -= tokens
    this.#move(requests, tokens)
    return { limit: this.limit, requests: -requests, tokens: -tokens }
  }

  /** So much more is left elsewhere. */
  #move(requests: number, tokens: number): void {
    const { remainingRequests, remainingTokens } = this.#told
    this.#told = {
      ...this.#told,
      ...(remainingRequests !== undefined && { remainingRequests: remainingRequests + requests }),
      ...(remainingTokens !== undefined && { remainingTokens: remainingTokens + tokens }),
    }
  }

  /** Begins a new span. False: nobody has called in the last one. */
  turn(endsAt: Ms): boolean {
    const isUsed = this.#taken.requests > 0 || this.isAwaited
    this.endsAt = endsAt
    this.#before = this.#taken
    this.#taken = { requests: 0, tokens: 0 }
    return isUsed
  }

  #standing(): Standing {
    const { limit, remainingRequests, remainingTokens, resetRequestsMs = 0, resetTokensMs = 0 } = this.#told
    const standing: { -readonly [Name in keyof Standing]: Standing[Name] } = { limit }
    if (remainingRequests !== undefined) {
      standing.remainingRequests = remainingRequests + this.#requests
      standing.resetRequestsMs = resetRequestsMs
    }
    if (remainingTokens !== undefined) {
      standing.remainingTokens = Math.max(remainingTokens + this.#tokens, 0)
      standing.resetTokensMs = resetTokensMs
    }
    return standing
  }
}
