import type { JsonObject } from '../core/json.ts'
import type { ExchangeListener } from './exchange.ts'

/** Who takes part in an exchange as one replica sees it, and who listens there: what all kinds of exchange share. */
export class Audience {
  readonly self: string
  readonly #others = new Set<string>()
  /** Those of them that are not heard any more. */
  readonly #lost = new Set<string>()
  readonly #listeners = new Set<ExchangeListener>()
  #rank = 0

  constructor(self: string) {
    this.self = self
  }

  /** All that are counted, the lost ones too. */
  get members(): number {
    return this.#others.size + 1
  }

  get rank(): number {
    return this.#rank
  }

  get hasLost(): boolean {
    return this.#lost.size > 0
  }

  subscribe(listener: ExchangeListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Whether it takes part and is heard. */
  hears(replica: string): boolean {
    return this.#others.has(replica) && !this.#lost.has(replica)
  }

  hear(message: JsonObject, from: string): void {
    for (const listener of this.#listeners) listener.heard(message, from)
  }

  /** These are the others now. Listeners are told of those who left, and once when somebody is new. */
  become(others: Iterable<string>): void {
    const now = new Set(others)
    now.delete(this.self)
    const left = [...this.#others].filter(one => !now.has(one))
    const isSomebodyNew = [...now].some(one => !this.#others.has(one))
    this.#others.clear()
    for (const one of now) this.#others.add(one)
    for (const one of left) this.#lost.delete(one)
    this.#rank = [...now].filter(one => one < this.self).length
    for (const one of left) for (const listener of this.#listeners) listener.gone?.(one)
    if (isSomebodyNew) this.missed()
  }

  join(replica: string): void {
    if (this.#lost.delete(replica)) this.missed()
    else if (!this.#others.has(replica)) this.become([...this.#others, replica])
  }

  /** It is not heard any more, though it may well go on: it stays counted. Listeners are told that it is gone, once. */
  lose(replica: string): void {
    if (!this.hears(replica)) return
    this.#lost.add(replica)
    for (const listener of this.#listeners) listener.gone?.(replica)
  }

  leave(replica: string): void {
    if (this.#others.has(replica)) this.become([...this.#others].filter(one => one !== replica))
  }

  missed(): void {
    for (const listener of this.#listeners) listener.missed?.()
  }
}
