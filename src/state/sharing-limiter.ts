import type { Clock } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'
import { limitKey } from './limit-key.ts'
import type { LimitSource, SourceAnswer } from './limit-source.ts'
import type { Admission, Granted, LimitAsk, Limiter } from './limiter.ts'
import { MemoryLimiter, type Owed } from './memory-limiter.ts'

/**
 * Counts with others, and alone while that cannot be: then this process gives its part of every limit, 1 / members. What
 * it gave alone is counted with the others as soon as they are there again.
 */
export class SharingLimiter implements Limiter {
  readonly #source: LimitSource
  readonly #alone: MemoryLimiter
  /** Calls under way that have places. */
  readonly #underWay = new Map<string, LimitAsk>()
  /** Corrections that could not be told, by limit. */
  readonly #untold = new Map<string, Owed>()

  constructor(source: LimitSource, clock: Clock) {
    this.#source = source
    this.#alone = new MemoryLimiter({ clock, part: () => 1 / source.members })
    source.onUp(() => this.#catchUp())
  }

  admit(ask: LimitAsk): Admission | Promise<Admission> {
    if (!this.#source.up) return this.#admitAlone(ask)
    return this.#source
      .ask(ask, answer => this.#late(ask, answer))
      .then(
        answer => (answer.granted ? this.#begin(new SharedGrant(ask, answer.standings, undefined)) : answer),
        () => this.#admitAlone(ask),
      )
  }

  settle(granted: Granted, usedTokens: number): void {
    if (!(granted instanceof SharedGrant) || granted.settled) return
    granted.settled = true
    const { ask, alone } = granted
    this.#underWay.delete(ask.id)
    const tokens = usedTokens - ask.tokens
    // What was owed here went to the others when they came back: the correction follows it, wherever it is now.
    if (alone && this.#source.up) this.#alone.settle(alone, ask.tokens)
    else if (alone) return this.#alone.settle(alone, usedTokens)
    this.#source.settle(ask, tokens, () => this.#keep(ask, { requests: 0, tokens }))
  }

  async close(): Promise<void> {
    await this.#source.close()
    await this.#alone.close()
  }

  #admitAlone(ask: LimitAsk): Admission {
    const admission = this.#alone.admit(ask)
    return admission.granted ? this.#begin(new SharedGrant(ask, admission.standings, admission)) : admission
  }

  #begin(grant: SharedGrant): SharedGrant {
    if (grant.ask.limits.some(limit => limit.parallel !== undefined)) this.#underWay.set(grant.ask.id, grant.ask)
    return grant
  }

  /** It was counted after all, but it was decided here meanwhile, and what was decided here is handed over. */
  #late(ask: LimitAsk, answer: SourceAnswer): void {
    if (!answer.granted) return
    if (!this.#underWay.has(ask.id) && this.#source.up) this.#source.settle(ask, 0, () => {})
    this.#keep(ask, { requests: -1, tokens: -ask.tokens })
    if (this.#source.up) this.#tellOwed([])
  }

  #keep(ask: LimitAsk, { requests, tokens }: { requests: number; tokens: number }): void {
    for (const limit of ask.limits) {
      const key = limitKey(limit)
      const before = this.#untold.get(key)
      // Beyond so many it is forgotten: rates are not money.
      if (!before && this.#untold.size >= MAX_UNTOLD) return
      this.#untold.set(key, {
        limit,
        requests: requests + (before?.requests ?? 0),
        tokens: tokens + (before?.tokens ?? 0),
      })
    }
  }

  #catchUp(): void {
    this.#tellOwed(this.#alone.handOver())
    this.#source.hold([...this.#underWay.values()])
  }

  #tellOwed(owed: readonly Owed[]): void {
    const all = [...owed, ...this.#untold.values()]
    this.#untold.clear()
    if (all.length > 0) this.#source.add(all)
  }
}

const MAX_UNTOLD = 10_000

class SharedGrant implements Granted {
  readonly granted = true
  readonly ask: LimitAsk
  readonly standings: readonly Standing[]
  /** How it was let through alone; undefined: with the others. */
  readonly alone: Granted | undefined
  settled = false

  constructor(ask: LimitAsk, standings: readonly Standing[], alone: Granted | undefined) {
    this.ask = ask
    this.standings = standings
    this.alone = alone
  }
}
