import { type Clock, type Ms, systemClock, type Timer } from '../core/clock.ts'

export interface RunnerOptions {
  /** So many may be under way at once; further ones are dropped and counted. Default 1,000. */
  readonly maxPending?: number
  /** One that takes longer is given up: reported, and no longer counted as under way. Default 30,000 ms. */
  readonly timeoutMs?: Ms
  /** Told what a callback threw, and once per episode that some are dropped. */
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
}

/** Less than what a process is usually given to stop, with the calls before it and the books after it. */
const LAST_WAIT_MS: Ms = 5000

/** Calls functions of the operator: later, never within the event; as many as are admitted, and none for ever. */
export class CallbackRunner {
  readonly #options: RunnerOptions
  readonly #clock: Clock
  readonly #maxPending: number
  #pending = 0
  #dropping = false
  #waiting: (() => void)[] = []
  /** Gives up one that has not settled. */
  readonly #underWay = new Set<() => void>()
  dropped = 0

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#maxPending = options.maxPending ?? 1000
  }

  /** Calls each with the payload, which is made once and only if there is one to be called. */
  run<Payload>(callbacks: readonly ((payload: Payload) => unknown)[], payloadOf: () => Payload): void {
    const admitted = callbacks.filter(() => this.#admit())
    if (admitted.length === 0) return
    // Not within the event: a slow function would hold up the answer's last bytes.
    setImmediate(() => this.#tell(admitted, payloadOf))
  }

  idle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** The same at the end of a process, which waits `boundMs` at most (default 5,000): what has not settled then is reported and left. */
  async close(boundMs = LAST_WAIT_MS): Promise<void> {
    const timer = this.#clock.after(boundMs, () => {
      this.#report(new Error(`${this.#underWay.size} callbacks took longer than the ${boundMs} ms that a stop waits`))
      for (const giveUp of [...this.#underWay]) giveUp()
    })
    await this.idle()
    timer.cancel()
  }

  #admit(): boolean {
    if (this.#pending < this.#maxPending) {
      this.#pending++
      return true
    }
    this.dropped++
    if (!this.#dropping)
      this.#report(new Error(`${this.#maxPending} callbacks are under way: further ones are dropped`))
    this.#dropping = true
    return false
  }

  #tell<Payload>(callbacks: readonly ((payload: Payload) => unknown)[], payloadOf: () => Payload): void {
    let payload: Payload
    try {
      payload = payloadOf()
    } catch (error) {
      this.#report(error)
      for (const _ of callbacks) this.#settle()
      return
    }
    for (const callback of callbacks) this.#call(() => callback(payload))
  }

  #call(action: () => unknown): void {
    let timer: Timer | undefined
    let settled = false
    const settle = (error?: unknown) => {
      if (settled) return
      settled = true
      timer?.cancel()
      this.#underWay.delete(giveUp)
      if (error !== undefined) this.#report(error)
      this.#settle()
    }
    const giveUp = () => settle()
    try {
      const result = action()
      if (!isThenable(result)) return settle()
      this.#underWay.add(giveUp)
      const timeoutMs = this.#options.timeoutMs ?? 30_000
      timer = this.#clock.after(timeoutMs, () => settle(new Error(`a callback took longer than ${timeoutMs} ms`)))
      Promise.resolve(result).then(giveUp, error => settle(error ?? new Error('a callback rejected')))
    } catch (error) {
      settle(error ?? new Error('a callback threw'))
    }
  }

  #settle(): void {
    this.#pending--
    this.#dropping = false
    if (this.#pending > 0) return
    for (const done of this.#waiting) done()
    this.#waiting = []
  }

  #report(error: unknown): void {
    try {
      this.#options.onError?.(error)
    } catch {
      // Nobody is left to be told.
    }
  }
}

/** A promise, or what query builders give: they ask the database when somebody waits for them, and not before. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
