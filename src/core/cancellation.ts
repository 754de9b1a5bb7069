import type { Failure } from './failure.ts'

/**
 * A one-way switch that says: stop, and why. It does what an AbortSignal does inside tollgate; two AbortControllers
 * joined by AbortSignal.any cost about 23 µs on Node 20, two of these under 1 µs.
 */
export class Cancellation {
  #reason: Failure | undefined
  #listeners: Set<(reason: Failure) => void> | undefined

  /** Why it was cancelled; undefined while it was not. */
  get reason(): Failure | undefined {
    return this.#reason
  }

  /** Tells every listener once; later calls change nothing. */
  cancel(reason: Failure): void {
    if (this.#reason) return
    this.#reason = reason
    // One that is released by another on the way is not told any more.
    if (this.#listeners) for (const listener of this.#listeners) listener(reason)
    this.#listeners = undefined
  }

  /** Calls `listener` when cancelled, at once if it already is. Gives back a function that stops listening. */
  onCancel(listener: (reason: Failure) => void): () => void {
    if (this.#reason) {
      listener(this.#reason)
      return nothing
    }
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
    return () => this.#listeners?.delete(listener)
  }

  /** A new one that is cancelled with this one, and can be cancelled alone. `release` ends the bond. */
  child(): { readonly cancellation: Cancellation; readonly release: () => void } {
    const cancellation = new Cancellation()
    return { cancellation, release: this.onCancel(reason => cancellation.cancel(reason)) }
  }

  throwIfCancelled(): void {
    if (this.#reason) throw this.#reason
  }
}

const nothing = () => {}
