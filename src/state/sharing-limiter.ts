import type { Clock } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'
import { limitKey } from './limit-key.ts'
import type { LimitSource, Settling, SourceAnswer } from './limit-source.ts'
import type { Admission, Granted, LimitAsk, Limiter } from './limiter.ts'
import { Lots } from './lots.ts'
import { MemoryLimiter, type Owed } from './memory-limiter.ts'

/**
 * Counts with others: call by call, or in lots where there is plenty. While that cannot be it counts alone, and gives its part
 * of every limit, 1 / members; what it gave alone is counted with the others as soon as they are there again.
 */
export class SharingLimiter implements Limiter {
  readonly #source: LimitSource
  readonly #alone: MemoryLimiter
  readonly #lots: Lots
  /** Calls under way that have places. */
  readonly #underWay = new Map<string, LimitAsk>()
  /** Corrections that could not be told, by limit. */
  readonly #untold = new Map<string, Owed>()

  constructor(source: LimitSource, clock: Clock) {
    this.#source = source
    this.#alone = new MemoryLimiter({ clock, part: () => 1 / source.members })
    // Rates are not money: what cannot be told is forgotten.
    this.#lots = new Lots({ clock, tell: owed => source.up && source.add(owed) })
    source.onUp(() => this.#catchUp())
  }

  admit(ask: LimitAsk): Admission | Promise<Admission> {
    if (!this.#source.up) return this.#admitAlone(ask)
    const standings = this.#lots.take(ask)
    if (standings) return new SharedGrant(ask, standings, 'lots')
    return this.#askSource(ask, this.#lots.ahead(ask))
  }

  async #askSource(ask: LimitAsk, ahead?: LimitAsk['ahead']): Promise<Admission> {
    try {
      const answer = await this.#source.ask(ahead ? { ...ask, ahead } : ask, late => this.#late(ask, late))
      if (ahead) this.#receive(ask, answer)
      const standings = this.#lots.heard(answer.standings)
      // It may be enough together with what lies here.
      if (!answer.granted && this.#lots.giveBack(ask.limits)) return this.#askSource(ask)
      return answer.granted ? this.#begin(new SharedGrant(ask, standings, 'source')) : { ...answer, standings }
    } catch {
      if (ahead) this.#receive(ask, undefined)
      return this.#admitAlone(ask)
    }
  }

  #receive({ limits }: LimitAsk, answer: SourceAnswer | undefined): void {
    this.#lots.receive(limits, answer?.granted ? answer.lots : undefined)
  }

  settle(granted: Granted, usedTokens: number): void {
    if (!(granted instanceof SharedGrant) || granted.settled) return
    granted.settled = true
    const { ask, by } = granted
    const tokens = usedTokens - ask.tokens
    if (by === 'lots') return this.#lots.settle(ask, tokens)
    this.#underWay.delete(ask.id)
    if (by === 'source') this.#lots.told(ask, tokens)
    if (by !== 'source') {
      // What was owed here went to the others when they came back: the correction follows it, wherever it is now.
      this.#alone.settle(by, this.#source.up ? ask.tokens : usedTokens)
      // Its place may be held there all the same, since an earlier return.
      if (!this.#source.up) return this.#source.settle(ask, 0, FORGOTTEN)
    }
    this.#source.settle(ask, tokens, {
      lost: () => this.#keep(ask, { requests: 0, tokens }),
      late: () => this.#takeBack(ask, { requests: 0, tokens }),
    })
  }

  async close(): Promise<void> {
    this.#lots.close()
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
    if (answer.lots) this.#receive(ask, answer)
    if (!this.#underWay.has(ask.id)) this.#source.settle(ask, 0, FORGOTTEN)
    this.#takeBack(ask, { requests: 1, tokens: ask.tokens })
  }

  /** What is kept for the others, or was told them meanwhile, has reached them before. */
  #takeBack(ask: LimitAsk, { requests, tokens }: { requests: number; tokens: number }): void {
    this.#keep(ask, { requests: -requests, tokens: -tokens })
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

const FORGOTTEN: Settling = { lost: () => {}, late: () => {} }
const MAX_UNTOLD = 10_000

class SharedGrant implements Granted {
  readonly granted = true
  readonly ask: LimitAsk
  readonly standings: readonly Standing[]
  /** By what was taken ahead, by asking, or how it was let through alone. */
  readonly by: 'lots' | 'source' | Granted
  settled = false

  constructor(ask: LimitAsk, standings: readonly Standing[], by: 'lots' | 'source' | Granted) {
    this.ask = ask
    this.standings = standings
    this.by = by
  }
}
