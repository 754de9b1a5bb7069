import type { Port } from '../state/port.ts'

/** Has all workers drain when one of them was told to; those that are started later too. */
export class DrainDesk {
  readonly #lines = new Map<string, Port>()
  #draining = false

  /** Over this line a worker says that it is awake, and that it was told to drain. */
  connect(name: string, line: Port): void {
    this.#lines.set(name, line)
    line.onMessage(({ type }) => {
      if (type === 'awake' && this.#draining) line.send({ type: 'drain' })
      if (type === 'drain') this.#drain()
    })
  }

  /** The worker has ended. */
  gone(name: string): void {
    this.#lines.delete(name)
  }

  #drain(): void {
    this.#draining = true
    for (const line of this.#lines.values()) line.send({ type: 'drain' })
  }
}
