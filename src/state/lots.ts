import type { RateLimit } from '../core/caller.ts'
import type { Clock, Ms, Timer } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'
import { limitKey } from './limit-key.ts'
import type { LimitAsk, Quantity } from './limiter.ts'
import { Lot } from './lot.ts'
import type { Owed } from './memory-limiter.ts'

/** What is left of a lot after so long goes back. How much is taken follows what calls took in a span before. */
const SPAN_MS: Ms = 5_000
/** Limits that there are lots of at most; calls that are bound by others ask each time. */
const MAX_LOTS = 10_000
/** What calls used is told together, for all that have ended in so long. */
const TELL_MS: Ms = 250

export interface LotsParts {
  readonly clock: Clock
  /** Told what was not needed of lots (below zero), and what calls used beyond what they took. */
  readonly tell: (owed: readonly Owed[]) => void
}

/**
 * Requests and tokens that were taken of limits beforehand, where there is plenty of them: calls take them out of here, and
 * nobody has to be asked. A lot is a small part of what was left, so that a limit is neither passed by more than that when a
 * lot is used late, nor refuses more than that while a lot lies idle.
 */
export class Lots {
  readonly #parts: LotsParts
  /** In the order in which their spans end. */
  readonly #lots = new Map<string, Lot>()
  readonly #byLimit = new WeakMap<RateLimit, Lot>()
  /** Those of which calls have ended since it was last told. */
  readonly #settled = new Set<Lot>()
  readonly #owed = new Map<string, Owed>()
  #timer: Timer | undefined

  constructor(parts: LotsParts) {
    this.#parts = parts
  }

  /** Takes what a call asks out of the lots of all its limits, and tells how these stand. Undefined: somebody must be asked. */
  take({ limits, tokens }: LimitAsk): readonly Standing[] | undefined {
    const lots: Lot[] = []
    for (const limit of limits) {
      const lot = this.#byLimit.get(limit)
      if (!lot?.has(tokens)) return undefined
      lots.push(lot)
    }
    return lots.map(lot => lot.take(tokens))
  }

  /**
   * Somebody is asked for a call: what should be taken beforehand with it, of each of its limits. Undefined: nothing, because
   * there are few calls, somebody is asked already, or the limits are of a kind that is counted call by call.
   */
  ahead({ limits, tokens }: LimitAsk): readonly Quantity[] | undefined {
    if (!limits.every(isCountedInLots) || this.#lots.size > MAX_LOTS) return undefined
    const lots = limits.map(limit => this.#lotOf(limit))
    for (const lot of lots) lot.note(tokens)
    if (lots.some(lot => lot.isAwaited || !lot.isBusy)) return undefined
    return lots.map(lot => lot.order())
  }

  /** What was asked for beforehand has come; without an answer, or where it was refused, nothing has. */
  receive(limits: readonly RateLimit[], lots: readonly Quantity[] = []): void {
    for (const [index, limit] of limits.entries()) this.#lotOf(limit).receive(lots[index])
  }

  /** Somebody has told how limits stand: how they do with what is here. */
  heard(standings: readonly Standing[]): readonly Standing[] {
    return standings.map(told => this.#byLimit.get(told.limit)?.hear(told) ?? told)
  }

  /** Somebody was told that a call has used so many tokens more than it took. */
  told({ limits }: LimitAsk, tokens: number): void {
    for (const limit of limits) this.#byLimit.get(limit)?.told(tokens)
  }

  /** A call that was let through by lots has used so many tokens more than it took. */
  settle({ limits }: LimitAsk, tokens: number): void {
    if (tokens === 0) return
    for (const limit of limits) {
      const lot = this.#byLimit.get(limit)
      if (!lot || lot.isForgotten) this.#owe(limitKey(limit), { limit, requests: 0, tokens })
      else this.#settled.add(lot.use(tokens))
    }
  }

  /** What is here of these goes back now. False: there was nothing. */
  giveBack(limits: readonly RateLimit[]): boolean {
    let isAny = false
    for (const limit of limits) {
      const lot = this.#byLimit.get(limit)
      if (!lot || lot.isForgotten || !lot.hasRest) continue
      isAny = true
      this.#owe(lot.key, lot.takeRest())
    }
    if (isAny) this.#tell()
    return isAny
  }

  /** Everything goes back. */
  close(): void {
    this.#timer?.cancel()
    for (const lot of this.#lots.values()) this.#owe(lot.key, lot.takeRest())
    this.#lots.clear()
    this.#tell()
  }

  #later(): Timer {
    const timer = this.#parts.clock.after(TELL_MS, () => {
      this.#endSpans()
      this.#tell()
      this.#timer = this.#lots.size > 0 ? this.#later() : undefined
    })
    timer.unref?.()
    return timer
  }

  #endSpans(): void {
    const now = this.#parts.clock.monotonic()
    for (const lot of this.#lots.values()) {
      if (now < lot.endsAt) break
      this.#owe(lot.key, lot.takeRest())
      this.#lots.delete(lot.key)
      lot.isForgotten = !lot.turn(now + SPAN_MS)
      if (!lot.isForgotten) this.#lots.set(lot.key, lot)
    }
  }

  #owe(key: string, { limit, requests, tokens }: Owed): void {
    if (requests === 0 && tokens === 0) return
    const { requests: before = 0, tokens: already = 0 } = this.#owed.get(key) ?? {}
    this.#owed.set(key, { limit, requests: before + requests, tokens: already + tokens })
    this.#timer ??= this.#later()
  }

  #tell(): void {
    for (const lot of this.#settled) this.#owe(lot.key, lot.takeSurplus())
    this.#settled.clear()
    if (this.#owed.size === 0) return
    const owed = [...this.#owed.values()]
    this.#owed.clear()
    this.#parts.tell(owed)
  }

  #lotOf(limit: RateLimit): Lot {
    const known = this.#byLimit.get(limit)
    if (known && !known.isForgotten) return known
    const key = limitKey(limit)
    const lot = this.#lots.get(key) ?? new Lot(limit, key, this.#parts.clock.monotonic() + SPAN_MS)
    lot.limit = limit
    this.#lots.set(key, lot)
    this.#byLimit.set(limit, lot)
    this.#timer ??= this.#later()
    return lot
  }
}

/** Places have owners, and shares are judged by all that is owed: of these each call asks. */
function isCountedInLots({ parallel, shares }: RateLimit): boolean {
  return parallel === undefined && shares === undefined
}
