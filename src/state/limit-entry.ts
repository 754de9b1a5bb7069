import type { RateLimit } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'
import { corrected, melted, perMinute, type Rate, remaining, resetMs, waitMs } from './gcra.ts'
import type { Quantity, Refused } from './limiter.ts'
import { ownDebt, partOf, type Share, sharedWaitMs, shareOf } from './priority-share.ts'

/** What one limit allows, worked out once: its rates, or the part of them that this replica may give alone. */
export interface Terms {
  readonly limit: RateLimit
  readonly key: string
  /** The part that the rates were worked out for. */
  readonly part: number
  readonly requests: Rate | undefined
  readonly tokens: Rate | undefined
  readonly parallel: number | undefined
}

export function termsOf(limit: RateLimit, key: string, part: number): Terms {
  const { rpm, tpm, parallel } = limit
  return {
    limit,
    key,
    part,
    requests: rpm === undefined ? undefined : perMinute(rpm, part),
    tokens: tpm === undefined ? undefined : perMinute(tpm, part),
    parallel: parallel === undefined ? undefined : Math.min(parallel, Math.max(Math.floor(parallel * part), 1)),
  }
}

/** A lot that is taken ahead of calls is at most one part in so many of what is left, so that all can be had of what is little. */
export const PLENTY = 64

export const NOTHING: Quantity = { requests: 0, tokens: 0 }

interface Debts {
  requests: number
  tokens: number
}

/** Why a limit has not enough. */
export type Shortage = Pick<Refused, 'what'> & { readonly waitMs: Ms | undefined }

/** What is owed to one limit, and how many places of it are taken. */
export class LimitEntry {
  readonly #debts: Debts = { requests: 0, tokens: 0 }
  readonly #shares = new Map<string, Debts>()
  #at: Ms
  #terms: Terms | undefined
  places = 0

  constructor(now: Ms) {
    this.#at = now
  }

  get requests(): number {
    return this.#debts.requests
  }

  get tokens(): number {
    return this.#debts.tokens
  }

  /** The terms that were last asked for. */
  get terms(): Terms | undefined {
    return this.#terms
  }

  /** Lets what is owed melt until now, by the last terms. */
  meltAlone(now: Ms): void {
    if (this.#terms) this.melt(now, this.#terms)
  }

  /** Nothing is owed any more; places stay taken. */
  forgive(): void {
    this.#debts.requests = 0
    this.#debts.tokens = 0
    this.#shares.clear()
  }

  /** Lets what is owed melt until now. */
  melt(now: Ms, terms: Terms): void {
    const { requests, tokens, limit } = terms
    const elapsed = now - this.#at
    if (elapsed <= 0 && terms === this.#terms) return
    this.#terms = terms
    this.#at = now
    melt(this.#debts, elapsed, { requests, tokens })
    for (const [name, debts] of this.#shares) {
      const part = limit.shares && partNamed(limit, name)
      if (part === undefined) {
        this.#shares.delete(name)
        continue
      }
      melt(debts, elapsed, {
        requests: requests && partOf(requests, part),
        tokens: tokens && partOf(tokens, part),
      })
    }
  }

  /** Whether nothing is owed and nothing taken, so that it can be forgotten. */
  get whole(): boolean {
    if (this.places > 0 || this.#debts.requests > 0 || this.#debts.tokens > 0) return false
    for (const { requests, tokens } of this.#shares.values()) if (requests > 0 || tokens > 0) return false
    return true
  }

  /** What is missing for the quantity and a place; undefined: nothing. */
  shortage(terms: Terms, quantity: Quantity, share: Share | undefined): Shortage | undefined {
    const requests = this.#wait('requests', terms, { quantity: quantity.requests, share })
    const tokens = this.#wait('tokens', terms, { quantity: quantity.tokens, share })
    if (requests > 0 || tokens > 0)
      return requests >= tokens ? { what: 'requests', waitMs: requests } : { what: 'tokens', waitMs: tokens }
    if (terms.parallel !== undefined && this.places >= terms.parallel)
      return { what: 'parallel', waitMs: terms.parallel === 0 ? Number.POSITIVE_INFINITY : undefined }
    return undefined
  }

  /** Takes the quantity, and a place where they are counted. `shortage` was asked before. */
  take(terms: Terms, quantity: Quantity, share: Share | undefined): void {
    this.#take('requests', terms, { quantity: quantity.requests, share })
    this.#take('tokens', terms, { quantity: quantity.tokens, share })
    if (terms.parallel !== undefined) this.places++
  }

  /** Takes what is wanted ahead, as far as there is plenty; nothing where there is not enough of both. Gives back how much. */
  takeAhead({ requests, tokens }: Terms, want: Quantity): Quantity {
    const debts = this.#debts
    const lot = {
      requests: spare(debts.requests, want.requests, requests),
      tokens: spare(debts.tokens, want.tokens, tokens),
    }
    if ((lot.requests === 0 && want.requests > 0) || (lot.tokens === 0 && want.tokens > 0)) return NOTHING
    if (requests) debts.requests += lot.requests
    if (tokens) debts.tokens += lot.tokens
    return lot
  }

  /** It turned out to be more or less. */
  correct({ requests, tokens }: Terms, difference: Quantity, share: Share | undefined): void {
    const debts = this.#debts
    if (requests) debts.requests = corrected(debts.requests, difference.requests, requests)
    if (tokens) debts.tokens = corrected(debts.tokens, difference.tokens, tokens)
    const own = share && this.#shares.get(share.name)
    if (!own) return
    if (requests) own.requests = corrected(own.requests, difference.requests, partOf(requests, share.part))
    if (tokens) own.tokens = corrected(own.tokens, difference.tokens, partOf(tokens, share.part))
  }

  standing(terms: Terms): Standing {
    const { limit, requests, tokens, parallel } = terms
    const debts = this.#debts
    // One after the other: three spreads of objects cost 0.5 µs more, for each limit of each call.
    const standing: { -readonly [Name in keyof Standing]: Standing[Name] } = { limit }
    if (requests) {
      standing.remainingRequests = remaining(debts.requests, requests)
      standing.resetRequestsMs = resetMs(debts.requests, requests)
    }
    if (tokens) {
      standing.remainingTokens = remaining(debts.tokens, tokens)
      standing.resetTokensMs = resetMs(debts.tokens, tokens)
    }
    if (parallel !== undefined) standing.remainingParallel = Math.max(parallel - this.places, 0)
    return standing
  }

  #wait(what: keyof Debts, terms: Terms, asked: { quantity: number; share: Share | undefined }): Ms {
    const rate = terms[what]
    if (!rate) return 0
    const whole = this.#debts[what]
    const { quantity, share } = asked
    if (!share) return waitMs(whole, quantity, rate)
    return sharedWaitMs({ whole, own: this.#shares.get(share.name)?.[what] ?? 0 }, quantity, { rate, share })
  }

  #take(what: keyof Debts, terms: Terms, asked: { quantity: number; share: Share | undefined }): void {
    const rate = terms[what]
    if (!rate) return
    const whole = this.#debts[what]
    const { quantity, share } = asked
    this.#debts[what] = whole + quantity
    if (!share) return
    const own = this.#shares.get(share.name) ?? { requests: 0, tokens: 0 }
    this.#shares.set(share.name, own)
    own[what] = ownDebt({ whole, own: own[what] }, quantity, { rate, share })
  }
}

function melt(debts: Debts, elapsed: Ms, { requests, tokens }: Pick<Terms, 'requests' | 'tokens'>): void {
  debts.requests = requests ? melted(debts.requests, elapsed, requests) : 0
  debts.tokens = tokens ? melted(debts.tokens, elapsed, tokens) : 0
}

function spare(debt: number, wanted: number, rate: Rate | undefined): number {
  const want = Math.max(wanted, 0)
  return rate ? Math.min(want, Math.floor(remaining(debt, rate) / PLENTY)) : want
}

function partNamed(limit: RateLimit, name: string): number | undefined {
  return name === '' ? limit.shares?.otherwise : shareOf(limit, name)?.part
}
