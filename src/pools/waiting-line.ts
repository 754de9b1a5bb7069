import type { Cancellation } from '../core/cancellation.ts'
import type { Clock, Ms, Timer } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { showMs } from './moment.ts'

/** Calls that wait at once for one pool; beyond it, the least urgent ones are refused. */
const MAX_WAITING = 1000

/** A call that waits for a place. */
export interface Waiting {
  /** Lower goes first. */
  readonly priority: number
  /** Among equals, the one that came first goes first: monotonic. */
  readonly since: Ms
  /** How long it waits at most. */
  readonly limitMs: Ms
  /** Whether a deployment could take it now. */
  readonly hasRoom: () => boolean
  /** Why it waits: what it is told, with how long it waited, when it waited in vain. */
  readonly shortage: Failure
  readonly cancellation: Cancellation
}

/** It is a call's turn: nobody else is given the place until it has taken it, or has said that it does not want it. */
export interface Turn {
  readonly over: () => void
}

export interface WaitingLineParts {
  /** Whether any deployment of the pool takes calls now. */
  readonly isOpen: () => boolean
  /** Milliseconds until time alone may open one: a minute ends, a rest is over. */
  readonly nextChangeMs: () => Ms
  /** Has `look` called when a deployment has a place again, until the function given back is called. Default: nobody does. */
  readonly onFreed?: (look: () => void) => () => void
  readonly clock: Clock
}

interface Entry {
  readonly waiting: Waiting
  readonly resolve: (turn: Turn) => void
  readonly leave: (failure: Failure) => void
  readonly release: () => void
}

/**
 * The calls that wait for a place in one pool, the most urgent first. Nothing is polled: whoever frees a place calls `look`,
 * and one timer waits for what time alone brings. A call that finds its place taken comes back to where it stood.
 */
export class WaitingLine {
  readonly #parts: WaitingLineParts
  /** In order. */
  readonly #entries: Entry[] = []
  #hasTurn = false
  #timer: Timer | undefined
  /** Only while somebody waits: a pool that the configuration has done away with is then forgotten by its deployments. */
  #unwatch: (() => void) | undefined

  constructor(parts: WaitingLineParts) {
    this.#parts = parts
  }

  /** How many wait. */
  get length(): number {
    return this.#entries.length
  }

  /** Settles when it is the call's turn. @throws Failure when it has waited in vain, is crowded out, or is cancelled. */
  wait(waiting: Waiting): Promise<Turn> {
    const { reason } = waiting.cancellation
    if (reason) return Promise.reject(reason)
    return new Promise((resolve, reject) => {
      const timer = this.#parts.clock.after(waiting.limitMs, () => entry.leave(inVain(waiting, 'no place came free')))
      const unlink = waiting.cancellation.onCancel(reason => entry.leave(reason))
      const entry: Entry = {
        waiting,
        resolve,
        leave: failure => {
          this.#remove(entry)
          reject(failure)
        },
        release: () => {
          timer.cancel()
          unlink()
        },
      }
      this.#insert(entry)
    })
  }

  /** Something has changed: gives the first one that has room its turn. One at a time, as each one changes it again. */
  look(): void {
    if (this.#entries.length > 0 && !this.#hasTurn && this.#parts.isOpen()) {
      const next = this.#entries.find(({ waiting }) => waiting.hasRoom())
      if (next) this.#call(next)
    }
    this.#watchTime()
  }

  #call(entry: Entry): void {
    this.#remove(entry)
    this.#hasTurn = true
    let isOver = false
    entry.resolve({
      over: () => {
        if (isOver) return
        isOver = true
        this.#hasTurn = false
        this.look()
      },
    })
  }

  #insert(entry: Entry): void {
    this.#unwatch ??= this.#parts.onFreed?.(() => this.look())
    const { priority, since } = entry.waiting
    const behind = this.#entries.findIndex(
      ({ waiting }) => waiting.priority > priority || (waiting.priority === priority && waiting.since > since),
    )
    this.#entries.splice(behind < 0 ? this.#entries.length : behind, 0, entry)
    const last = this.#entries.length > MAX_WAITING ? this.#entries.at(-1) : undefined
    last?.leave(inVain(last.waiting, `${MAX_WAITING} calls that are as urgent wait already`))
    this.#watchTime()
  }

  #remove(entry: Entry): void {
    entry.release()
    const index = this.#entries.indexOf(entry)
    if (index >= 0) this.#entries.splice(index, 1)
    if (this.#entries.length > 0) return
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#watchTime()
  }

  /** Anew each time: a rest may have begun since. */
  #watchTime(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#entries.length === 0) return
    this.#timer = this.#parts.clock.after(this.#parts.nextChangeMs(), () => this.look())
  }
}

function inVain({ shortage, limitMs, priority }: Waiting, why: string): Failure {
  const text = `${shortage.message} In line with priority ${priority} for at most ${showMs(limitMs)}, ${why}.`
  return new Failure('limited', text, { retryAfterMs: shortage.retryAfterMs, cause: shortage })
}
