import type { Event } from '../../src/core/event.ts'
import type { Listener } from '../../src/telemetry/index.ts'

/** Long, because machines may be slow; a test that waits for it has failed anyway. */
const PATIENCE_MS = 20_000

export type CallEnd = Extract<Event, { type: 'call-end' }>
export type AttemptEnd = Extract<Event, { type: 'attempt-end' }>

interface Waiter {
  readonly settled: () => boolean
}

/** Keeps the events of a router, and wakes those who wait for some. */
export class Watch {
  readonly events: Event[] = []
  readonly #waiters = new Set<Waiter>()

  readonly listener: Listener = event => {
    this.events.push(event)
    for (const waiter of this.#waiters) if (waiter.settled()) this.#waiters.delete(waiter)
  }

  get callEnds(): readonly CallEnd[] {
    return this.events.filter(event => event.type === 'call-end')
  }

  get attemptEnds(): readonly AttemptEnd[] {
    return this.events.filter(event => event.type === 'attempt-end')
  }

  /** Settles with the call ends as soon as there are `count`. */
  async ended(count = 1): Promise<readonly CallEnd[]> {
    await this.#until(`${count} calls to end`, () => this.callEnds.length >= count)
    return this.callEnds
  }

  #until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        settled: () => {
          if (!holds()) return false
          clearTimeout(timer)
          resolve()
          return true
        },
      }
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter)
        const seen = this.events.map(event => event.type).join(', ')
        reject(new Error(`waited ${PATIENCE_MS} ms for ${what}; the events were: ${seen}`))
      }, PATIENCE_MS)
      if (!waiter.settled()) this.#waiters.add(waiter)
    })
  }
}

/** The promise, or an error that says what it waited for. */
export async function within<T>(promise: Promise<T>, what: string, ms = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
