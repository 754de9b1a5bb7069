/** A map that holds at most so many entries: the least recently used one goes first, unless it must be kept. */
export class BoundedMap<K, V> {
  readonly #max: number
  readonly #mayGo: (value: V) => boolean
  readonly #entries = new Map<K, V>()

  /** `mayGo` is asked before an entry goes; while none may, the map grows beyond `max`. */
  constructor(max: number, mayGo: (value: V) => boolean = () => true) {
    this.#max = max
    this.#mayGo = mayGo
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#max) this.#shrink(key)
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  #shrink(newest: K): void {
    for (const [key, value] of this.#entries) {
      if (this.#entries.size <= this.#max) return
      if (key !== newest && this.#mayGo(value)) this.#entries.delete(key)
    }
  }
}
