import type { Vitals } from './vitals.ts'

/** So many are remembered: more than begin and end between two picks. */
const KEPT = 1024

/**
 * Whose vitals have changed, in order and with repetitions. Those who keep something in the order of a figure read on from
 * where they were, instead of looking at every deployment again; nobody has to be told, or to be forgotten.
 */
export class Changes {
  readonly #latest: Vitals[] = []
  #count = 0

  /** How many there have been: the place from which to read on. */
  get count(): number {
    return this.#count
  }

  add(vitals: Vitals): void {
    this.#latest[this.#count % KEPT] = vitals
    this.#count++
  }

  /** Whether those since `place` are still known. */
  knows(place: number): boolean {
    return this.#count - place <= KEPT
  }

  /** Tells of each since `place`. */
  since(place: number, tell: (vitals: Vitals) => void): void {
    for (let at = place; at < this.#count; at++) {
      const vitals = this.#latest[at % KEPT]
      if (vitals) tell(vitals)
    }
  }
}
