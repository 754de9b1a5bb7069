import type { Ms } from '../core/clock.ts'
import { type Change, EVERYTHING } from './authority.ts'

/** Whoever has not pulsed for so long hears that everything may have changed. */
const KEPT_MS: Ms = 10 * 60_000
const KEPT_AT_MOST = 10_000

interface Noted {
  readonly change: Change
  readonly at: Ms
}

/** The changes of the last minutes, numbered. */
export class RecentChanges {
  #noted: Noted[] = []
  /** The number of the newest change. */
  #latest = 0

  get latest(): number {
    return this.#latest
  }

  add(change: Change, now: Ms): void {
    this.#noted.push({ change, at: now })
    this.#latest++
    const first = this.#noted[0]
    const tooMany = this.#noted.length > 2 * KEPT_AT_MOST
    if (!tooMany && (first === undefined || now - first.at <= 2 * KEPT_MS)) return
    this.#noted = this.#noted.slice(-KEPT_AT_MOST).filter(({ at }) => now - at <= KEPT_MS)
  }

  /** What came after the change of this number. */
  since(number: number): Change[] {
    const count = this.#latest - number
    if (count === 0) return []
    return count > this.#noted.length ? [EVERYTHING] : this.#noted.slice(-count).map(({ change }) => change)
  }
}
