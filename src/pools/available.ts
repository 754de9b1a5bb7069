import type { Ms } from '../core/clock.ts'
import type { Filter } from './filters/filter.ts'
import { byProbe } from './filters/probed.ts'
import { MINUTE_MS, type Moment } from './moment.ts'
import type { Siblings } from './siblings.ts'
import type { Candidate } from './strategy.ts'

/**
 * Those of a pool whose state lets them take calls. The list is made anew only when something changed: a deployment
 * rests, fills or is done with its minute (their siblings' version tells), or one of those left out may be back. Nobody
 * may change the list; while it is the same object, it holds the same deployments.
 */
export class Available {
  readonly #all: readonly Candidate[]
  readonly #siblings: readonly Siblings[]
  readonly #filters: readonly Filter<Moment>[]
  #list: readonly Candidate[] = []
  #version = -1
  #until: Ms = 0
  /** The minute whose use left somebody out. */
  #minute: number | undefined

  constructor(all: readonly Candidate[], siblings: readonly Siblings[], filters: readonly Filter<Moment>[]) {
    this.#all = all
    this.#siblings = siblings
    this.#filters = filters
  }

  at(moment: Moment): readonly Candidate[] {
    const version = this.#currentVersion()
    if (version === this.#version && moment.monotonic < this.#until && this.#isSameMinute(moment)) return this.#list
    this.#version = version
    this.#make(moment)
    return this.#list
  }

  #currentVersion(): number {
    let sum = 0
    for (const { version } of this.#siblings) sum += version
    return sum
  }

  #isSameMinute({ epoch }: Moment): boolean {
    return this.#minute === undefined || this.#minute === Math.floor(epoch / MINUTE_MS)
  }

  #make(moment: Moment): void {
    this.#until = Number.POSITIVE_INFINITY
    this.#minute = undefined
    const well = byProbe(this.#all, moment)
    if (well.length < this.#all.length) this.#watchProbes(moment)
    const kept = well.filter(candidate => !this.#isOut(candidate, moment))
    this.#list = kept.length === this.#all.length ? this.#all : kept
  }

  /** A failed probe may grow old. */
  #watchProbes({ monotonic }: Moment): void {
    for (const { vitals } of this.#all) {
      if (vitals.unwellUntil > monotonic) this.#until = Math.min(this.#until, vitals.unwellUntil)
    }
  }

  #isOut(candidate: Candidate, moment: Moment): boolean {
    const { why } = this.#filters.find(filter => filter.excludes(candidate, moment)) ?? {}
    if (why === 'resting') this.#until = Math.min(this.#until, candidate.vitals.restingUntil)
    if (why === 'held-out') this.#until = Math.min(this.#until, candidate.vitals.heldOutUntil)
    // A share grows with every message, and with time.
    if (why === 'share') this.#until = moment.monotonic
    if (why === 'rate-limits') this.#minute = Math.floor(moment.epoch / MINUTE_MS)
    return why !== undefined
  }
}
