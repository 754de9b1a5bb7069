import type { Clock, Ms, Random } from '../../core/clock.ts'
import type { Changes } from '../changes.ts'
import type { Candidate, Candidates } from '../strategy.ts'
import type { Vitals } from '../vitals.ts'
import type { Figure, Figures } from './figures.ts'
import { randomIndex } from './random-index.ts'

/** Figures also change with time: samples grow old, a minute ends, other replicas tell theirs. Then all are reckoned anew. */
const REFRESH_MS: Ms = 250

/** Candidates that are kept in the order of a figure: each change moves one, within an array of numbers. */
export class Ranking implements Figures {
  readonly #candidates: Candidates
  readonly #figure: Figure
  readonly #clock: Clock
  readonly #places = new Map<Vitals, number>()
  /** Of each candidate, as it was when it was put in order. */
  readonly #figures: Float64Array
  /** Their places in the list, by ascending figure. */
  readonly #order: Int32Array
  readonly #read = new Map<Changes, number>()
  #freshUntil: Ms

  constructor(candidates: Candidates, figure: Figure, clock: Clock) {
    this.#candidates = candidates
    this.#figure = figure
    this.#clock = clock
    this.#figures = new Float64Array(candidates.length)
    this.#order = new Int32Array(candidates.length)
    for (const [place, { vitals }] of candidates.entries()) {
      this.#places.set(vitals, place)
      this.#read.set(vitals.changes, vitals.changes.count)
      this.#figures[place] = this.#figureAt(place)
      this.#order[place] = place
    }
    this.#order.sort((one, other) => (this.#figures[one] ?? 0) - (this.#figures[other] ?? 0) || one - other)
    this.#freshUntil = clock.monotonic() + REFRESH_MS
  }

  get least(): number {
    return this.#ranked(0)
  }

  upTo(limit: number): number {
    return this.#firstAbove(limit)
  }

  any(limit: number, random: Random): Candidate {
    const rank = randomIndex(this.upTo(limit), random)
    return this.#candidates[this.#order[rank] ?? 0] ?? this.#candidates[0]
  }

  /** Takes in what has changed. */
  update(): void {
    const now = this.#clock.monotonic()
    if (now >= this.#freshUntil || !this.#knowsAll()) return this.#updateAll(now)
    for (const [changes, read] of this.#read) {
      if (changes.count === read) continue
      changes.since(read, this.#move)
      this.#read.set(changes, changes.count)
    }
  }

  #knowsAll(): boolean {
    for (const [changes, read] of this.#read) if (!changes.knows(read)) return false
    return true
  }

  #updateAll(now: Ms): void {
    this.#freshUntil = now + REFRESH_MS
    for (const changes of this.#read.keys()) this.#read.set(changes, changes.count)
    for (const { vitals } of this.#candidates) this.#move(vitals)
  }

  readonly #move = (vitals: Vitals): void => {
    const place = this.#places.get(vitals)
    if (place === undefined) return
    const before = this.#figures[place] ?? 0
    const after = this.#figureAt(place)
    if (after === before) return
    const from = this.#order.indexOf(place, this.#firstAbove(before, true))
    // Behind those of its figure, or before them: whichever end is nearer.
    const to = after > before ? this.#firstAbove(after, true) - 1 : this.#firstAbove(after)
    if (to > from) this.#order.copyWithin(from, from + 1, to + 1)
    else this.#order.copyWithin(to + 1, to, from)
    this.#order[to] = place
    this.#figures[place] = after
  }

  #figureAt(place: number): number {
    return this.#figure(this.#candidates[place] ?? this.#candidates[0])
  }

  #ranked(rank: number): number {
    return this.#figures[this.#order[rank] ?? 0] ?? 0
  }

  /** The first rank above this figure, or from it on. */
  #firstAbove(figure: number, orEqual = false): number {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const one = this.#ranked(middle)
      if (one < figure || (one === figure && !orEqual)) low = middle + 1
      else high = middle
    }
    return low
  }
}
