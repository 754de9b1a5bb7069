import type { Ms } from '../core/clock.ts'
import type { UpstreamRecord } from './upstream-record.ts'

interface Waiter {
  /** Looks at the log; true when there is nothing more to wait for. */
  settled(): boolean
}

/** What an upstream saw, in order of arrival, and those who wait for something to be seen. */
export class UpstreamLog {
  readonly records: UpstreamRecord[] = []
  readonly #limit: number
  readonly #waiters = new Set<Waiter>()

  constructor(limit: number) {
    this.#limit = limit
  }

  add(record: UpstreamRecord): void {
    this.records.push(record)
    if (this.records.length > this.#limit) this.records.splice(0, this.records.length - this.#limit)
    this.changed()
  }

  /** To be called whenever a record has changed in a way that somebody may wait for. */
  changed(): void {
    for (const waiter of this.#waiters) if (waiter.settled()) this.#waiters.delete(waiter)
  }

  /** Resolves with `count` records of the wanted sort, as soon as there are so many. */
  waitFor(
    what: string,
    wanted: (record: UpstreamRecord) => boolean,
    { count, withinMs }: { readonly count: number; readonly withinMs: Ms },
  ): Promise<readonly UpstreamRecord[]> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        settled: () => {
          const found = this.records.filter(wanted)
          if (found.length < count) return false
          clearTimeout(timer)
          resolve(found)
          return true
        },
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter)
        reject(new Error(`waited ${withinMs} ms for ${count} ${what}, but the upstream saw ${this.#summary()}`))
      }, withinMs)
      this.#waiters.add(waiter)
      this.changed()
    })
  }

  #summary(): string {
    if (this.records.length === 0) return 'no request at all'
    return this.records.map(({ method, path, closed }) => `${method} ${path} (${closed})`).join(', ')
  }
}
