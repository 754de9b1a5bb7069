import type { End } from '../core/answer.ts'
import type { Call } from '../core/call.ts'
import { type Clock, type Ms, systemClock, type Timer } from '../core/clock.ts'
import { type CallbackPayload, callbackPayload } from './callback-payload.ts'
import type { Listener } from './listeners.ts'

/** Told of a finished call. It may be asynchronous; what it throws is reported and harms nobody. */
export type Callback = (payload: CallbackPayload) => unknown

export interface CallbackOptions {
  /** Called for answered calls (`success_callback`). */
  readonly success?: readonly Callback[]
  /** Called for failed and abandoned ones (`failure_callback`). */
  readonly failure?: readonly Callback[]
  readonly runId: string
  readonly traceIdOf: (call: Call) => string
  /** Leave prompts out (`turn_off_message_logging`). Default false. */
  readonly turnOffMessageLogging?: boolean
  /** Fields to leave out (`standard_logging_payload_excluded_fields`). */
  readonly excludedFields?: readonly string[]
  /** So many may be under way at once; further ones are dropped and counted. Default 1,000. */
  readonly maxPending?: number
  /** One that takes longer is given up: reported, and no longer counted as under way. Default 30,000 ms. */
  readonly timeoutMs?: Ms
  /** Told what a callback threw, and once per episode that some are dropped. */
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
}

export interface Callbacks {
  readonly listener: Listener
  /** Settles when no callback is under way. */
  idle(): Promise<void>
  /** Callbacks that were not called because too many were under way. */
  readonly dropped: number
}

/** Tells functions of the operator about finished calls: after the call, never within it. */
export function runCallbacks(options: CallbackOptions): Callbacks {
  const runner = new CallbackRunner(options)
  return {
    listener: event => {
      if (event.type === 'call-end' && event.call.purpose === 'answer') runner.run(event.call, event.end)
    },
    idle: () => runner.idle(),
    get dropped() {
      return runner.dropped
    },
  }
}

class CallbackRunner {
  readonly #options: CallbackOptions
  readonly #clock: Clock
  readonly #maxPending: number
  #pending = 0
  #dropping = false
  #waiting: (() => void)[] = []
  dropped = 0

  constructor(options: CallbackOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#maxPending = options.maxPending ?? 1000
  }

  run(call: Call, end: End): void {
    const { success = [], failure = [] } = this.#options
    const callbacks = (end.outcome === 'complete' ? success : failure).filter(() => this.#admit())
    if (callbacks.length === 0) return
    const endedAt = this.#clock.monotonic()
    // Not within the event: a slow function would hold up the answer's last bytes.
    setImmediate(() => this.#tell(callbacks, call, end, endedAt))
  }

  idle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push(resolve))
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

  #tell(callbacks: readonly Callback[], call: Call, end: End, endedAt: Ms): void {
    let payload: CallbackPayload
    try {
      payload = this.#payload(call, end, endedAt)
    } catch (error) {
      this.#report(error)
      for (const _ of callbacks) this.#settle()
      return
    }
    for (const callback of callbacks) this.#call(callback, payload)
  }

  #payload(call: Call, end: End, endedAt: Ms): CallbackPayload {
    const { runId, traceIdOf, turnOffMessageLogging, excludedFields = [] } = this.#options
    const messages = turnOffMessageLogging !== true
    const payload = callbackPayload(call, end, { runId, traceId: traceIdOf(call), endedAt, messages })
    if (excludedFields.length === 0) return payload
    // The operator asked for less than the type promises.
    const kept = Object.entries(payload).filter(([name]) => !excludedFields.includes(name))
    return Object.fromEntries(kept) as CallbackPayload
  }

  #call(callback: Callback, payload: CallbackPayload): void {
    let timer: Timer | undefined
    let settled = false
    const settle = (error?: unknown) => {
      if (settled) return
      settled = true
      timer?.cancel()
      if (error !== undefined) this.#report(error)
      this.#settle()
    }
    try {
      const result = callback(payload)
      if (!(result instanceof Promise)) return settle()
      const timeoutMs = this.#options.timeoutMs ?? 30_000
      timer = this.#clock.after(timeoutMs, () => settle(new Error(`a callback took longer than ${timeoutMs} ms`)))
      result.then(
        () => settle(),
        error => settle(error ?? new Error('a callback rejected')),
      )
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
