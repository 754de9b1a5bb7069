import type { RateLimit } from '../core/caller.ts'
import { type Clock, type Ms, systemClock } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'
import { LimitEntry, NOTHING, type Shortage, type Terms, termsOf } from './limit-entry.ts'
import { limitKey } from './limit-key.ts'
import type { Admission, Granted, LimitAsk, Limiter, Quantity, Refused } from './limiter.ts'
import { type Share, shareOf } from './priority-share.ts'

export interface MemoryLimiterOptions {
  readonly clock?: Clock
  /** The part of every limit that may be given here, 0 to 1: all of it by default. */
  readonly part?: () => number
  /** So many limits are remembered at most; what is whole again goes before. Default 100,000. */
  readonly maxEntries?: number
}

/** What is still owed to a limit, to be counted elsewhere from now on. */
export interface Owed extends Quantity {
  readonly limit: RateLimit
}

/** So many entries are remembered whatever they owe: about 0.3 kB each. */
const FEW_ENTRIES = 1_000

/** Counts in this process. Answers at once. */
export class MemoryLimiter implements Limiter {
  readonly #clock: Clock
  readonly #part: () => number
  readonly #maxEntries: number
  readonly #fewEntries: number
  readonly #entries = new Map<string, LimitEntry>()
  readonly #terms = new WeakMap<RateLimit, Terms>()
  /** Entries made since old ones were looked at. */
  #made = 0

  constructor({ clock = systemClock, part = () => 1, maxEntries = 100_000 }: MemoryLimiterOptions = {}) {
    this.#clock = clock
    this.#part = part
    this.#maxEntries = maxEntries
    this.#fewEntries = Math.min(FEW_ENTRIES, maxEntries)
  }

  /** Limits that something is owed to, or whose places are taken; others may be remembered for a while. */
  get size(): number {
    return this.#entries.size
  }

  admit(ask: LimitAsk): Admission {
    const now = this.#clock.monotonic()
    if (this.#made > 0) this.#makeRoom(now)
    const quantity: Quantity = { requests: 1, tokens: ask.tokens }
    const taken: Taken[] = []
    let worst: Missing | undefined
    for (const limit of ask.limits) {
      const terms = this.#termsOf(limit)
      const entry = this.#entryOf(terms, now)
      const share = limit.shares && shareOf(limit, ask.priority)
      const shortage = entry.shortage(terms, quantity, share)
      if (shortage && (!worst || waitOf(shortage) > waitOf(worst))) worst = { ...shortage, limit }
      taken.push({ entry, terms, share })
    }
    if (worst) return refusal(worst, taken)
    for (const { entry, terms, share } of taken) entry.take(terms, quantity, share)
    return new MemoryGrant(ask, taken, ask.ahead && takenAhead(taken, ask.ahead))
  }

  settle(granted: Granted, usedTokens: number): void {
    this.#settle(granted, { requests: 0, tokens: usedTokens - granted.ask.tokens })
  }

  /** As if it had not been asked: for what was granted when nobody waited any more. */
  undo(granted: Granted): void {
    const { ask, lots } = granted
    this.#settle(granted, { requests: -1, tokens: -ask.tokens })
    lots?.forEach(({ requests, tokens }, index) => {
      const limit = ask.limits[index]
      if (limit) this.add({ limit, requests: -requests, tokens: -tokens })
    })
  }

  /** Takes the places of a call that was let through elsewhere, and nothing else. */
  hold(ask: LimitAsk): Granted {
    const now = this.#clock.monotonic()
    const taken: Taken[] = []
    for (const limit of ask.limits) {
      const terms = this.#termsOf(limit)
      const entry = this.#entryOf(terms, now)
      if (terms.parallel !== undefined) entry.places++
      taken.push({ entry, terms, share: limit.shares && shareOf(limit, ask.priority) })
    }
    return new MemoryGrant(ask, taken)
  }

  /** Counts what was taken elsewhere. */
  add({ limit, ...quantity }: Owed): void {
    const terms = this.#termsOf(limit)
    this.#entryOf(terms, this.#clock.monotonic()).correct(terms, quantity, undefined)
  }

  /** Everything that is owed now; from here on nothing is. Places stay taken. */
  handOver(): Owed[] {
    const now = this.#clock.monotonic()
    const owed: Owed[] = []
    for (const [key, entry] of this.#entries) {
      const { terms } = entry
      if (!terms) continue
      entry.melt(now, terms)
      if (entry.requests > 0 || entry.tokens > 0)
        owed.push({ limit: terms.limit, requests: entry.requests, tokens: entry.tokens })
      entry.forgive()
      if (entry.whole) this.#entries.delete(key)
    }
    return owed
  }

  async close(): Promise<void> {
    this.#entries.clear()
  }

  #settle(granted: Granted, difference: Quantity): void {
    if (!(granted instanceof MemoryGrant) || granted.settled) return
    granted.settled = true
    const now = this.#clock.monotonic()
    for (const { entry, terms, share } of granted.taken) {
      if (terms.parallel !== undefined) entry.places--
      if (difference.tokens === 0 && difference.requests === 0) continue
      // Of a long call the entry may have been whole meanwhile, and gone.
      this.#entryOf(terms, now).correct(terms, difference, share)
    }
  }

  #termsOf(limit: RateLimit): Terms {
    const part = this.#part()
    const known = this.#terms.get(limit)
    if (known?.part === part) return known
    const terms = termsOf(limit, known?.key ?? limitKey(limit), part)
    this.#terms.set(limit, terms)
    return terms
  }

  #entryOf(terms: Terms, now: Ms): LimitEntry {
    const known = this.#entries.get(terms.key)
    if (known) {
      known.melt(now, terms)
      return known
    }
    const entry = new LimitEntry(now)
    entry.melt(now, terms)
    this.#entries.set(terms.key, entry)
    this.#made++
    return entry
  }

  /**
   * For each new entry two old ones are looked at, so that those that are whole again go, without timers. While there are few,
   * they stay: a limit that is far from used up is whole again within a millisecond, and would be made anew at every call.
   */
  #makeRoom(now: Ms): void {
    let looks = 2 * this.#made
    this.#made = 0
    if (this.#entries.size <= this.#fewEntries) return
    for (const [key, entry] of this.#entries) {
      if (looks-- === 0) break
      this.#entries.delete(key)
      entry.meltAlone(now)
      // Too many at once: the oldest is forgotten, unless calls are under way that hold its places.
      if (entry.whole || (this.#entries.size >= this.#maxEntries && entry.places === 0)) continue
      this.#entries.set(key, entry)
    }
  }
}

interface Taken {
  readonly entry: LimitEntry
  readonly terms: Terms
  readonly share: Share | undefined
}

class MemoryGrant implements Granted {
  readonly granted = true
  readonly ask: LimitAsk
  readonly taken: readonly Taken[]
  readonly standings: readonly Standing[]
  readonly lots: readonly Quantity[] | undefined
  settled = false

  constructor(ask: LimitAsk, taken: readonly Taken[], lots?: readonly Quantity[]) {
    this.ask = ask
    this.taken = taken
    this.lots = lots
    this.standings = standingsOf(taken)
  }
}

function takenAhead(taken: readonly Taken[], ahead: readonly Quantity[]): readonly Quantity[] {
  return taken.map(({ entry, terms }, index) => entry.takeAhead(terms, ahead[index] ?? NOTHING))
}

interface Missing extends Shortage {
  readonly limit: RateLimit
}

function refusal({ limit, what, waitMs }: Missing, taken: readonly Taken[]): Refused {
  return { granted: false, limit, what, retryAfterMs: waitMs, standings: standingsOf(taken) }
}

function standingsOf(taken: readonly Taken[]): readonly Standing[] {
  return taken.map(({ entry, terms }) => entry.standing(terms))
}

/** The longest wait is told: whoever came again earlier would be refused again. */
function waitOf({ waitMs }: Shortage): Ms {
  return waitMs ?? 0
}
