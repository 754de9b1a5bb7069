import type { Clock, Ms, Random, Timer } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'

export interface BreakerOptions {
  /** What is behind it, for messages: `Redis at host:6379`. */
  readonly name: string
  /** Nobody waits longer for an answer. */
  readonly timeoutMs: Ms
  /** Asks whether it is well again; settles when the answer is there, however late. */
  readonly probe: () => Promise<unknown>
  /** Told when it opens (with the reason) and when it closes. */
  readonly onChange?: (open: boolean, reason: string | undefined) => void
  /** Between two probes: doubled from the first to the second, and jittered. Default 250 to 5,000 ms. */
  readonly probeMs?: readonly [Ms, Ms]
  /** Whether it begins open, until the first probe has been answered. Default false. */
  readonly open?: boolean
  readonly clock: Clock
  readonly random: Random
}

/** What to do with an answer that comes when nobody waits for it any more. */
export type Late<T> = (answer: T) => void

/**
 * Bounds every wait for something outside. When one is too long, or `trip` is told of a fault, all that wait fail, and
 * whoever asks fails at once until a probe has been answered in time: from then on nothing waits on the way of a call.
 * Source: the circuit breaker of Nygard, "Release It!".
 */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #waiting = new Set<(reason: Failure) => void>()
  #reason: string | undefined
  /** Whether the present fault was told to `onChange`. */
  #told = false
  #probes = 0
  #probing = false
  #closed = false
  #closedAt: Ms
  #timer: Timer | undefined

  constructor(options: BreakerOptions) {
    this.#options = options
    this.#closedAt = options.clock.monotonic()
    if (options.open) this.#reason = 'not connected yet'
  }

  /** While it is, `run` fails at once. */
  get open(): boolean {
    return this.#reason !== undefined
  }

  /** Starts it and waits, within the bound. @throws Failure `unavailable` when it is away, too slow, or away meanwhile. */
  run<T>(start: () => Promise<T>, late?: Late<T>): Promise<T> {
    if (this.#reason !== undefined) return Promise.reject(this.#away())
    return new Promise((resolve, reject) => {
      let waiting = true
      const stop = () => {
        waiting = false
        timer.cancel()
        this.#waiting.delete(giveUp)
      }
      const giveUp = (reason: Failure) => {
        stop()
        reject(reason)
      }
      const timer = this.#options.clock.after(this.#options.timeoutMs, () => {
        // An answer that is here already shall be read first: a busy process is not a slow Redis.
        setImmediate(() => {
          if (waiting) this.trip(`no answer within ${this.#options.timeoutMs} ms`)
        })
      })
      this.#waiting.add(giveUp)
      start().then(
        answer => {
          if (!waiting) return late?.(answer)
          stop()
          resolve(answer)
        },
        error => {
          if (waiting) giveUp(error)
        },
      )
    })
  }

  /** Opens it: all that wait fail now. */
  trip(reason: string): void {
    if (this.#closed) return
    this.#reason = reason
    const failure = this.#away()
    for (const giveUp of [...this.#waiting]) giveUp(failure)
    if (this.#told) return
    this.#told = true
    // What fails again soon after it was well is asked less and less often.
    if (this.#options.clock.monotonic() - this.#closedAt > CALM_MS) this.#probes = 0
    this.#options.onChange?.(true, reason)
    this.#probeLater()
  }

  /** Asks at once whether it is well; for when a connection has just been made. */
  probeNow(): void {
    if (this.#reason === undefined || this.#probing || this.#closed) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#probe()
  }

  /** Ends the probes and all waits. */
  close(): void {
    this.#told = true
    this.trip('closed')
    this.#closed = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #away(): Failure {
    return new Failure('unavailable', `${this.#options.name} is away: ${this.#reason ?? 'unknown'}`)
  }

  #probeLater(): void {
    if (this.#timer || this.#closed) return
    const [first, most] = this.#options.probeMs ?? [250, 5_000]
    const delay = Math.min(first * 2 ** Math.min(this.#probes++, 16), most) * (0.5 + this.#options.random() / 2)
    this.#timer = this.#options.clock.after(delay, () => {
      this.#timer = undefined
      this.#probe()
    })
    this.#timer.unref?.()
  }

  #probe(): void {
    // One that is not answered yet will be, or its connection ends: no second one is piled upon it.
    if (this.#probing) return this.#probeLater()
    this.#probing = true
    const asked = this.#options.clock.monotonic()
    this.#options.probe().then(
      () => {
        this.#probing = false
        if (this.#options.clock.monotonic() - asked < this.#options.timeoutMs) return this.#heal()
        // Late, but it answers: the next one is soon.
        this.#probes = 0
        this.#probeLater()
      },
      () => {
        this.#probing = false
        this.#probeLater()
      },
    )
  }

  #heal(): void {
    if (this.#closed || this.#reason === undefined) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#reason = undefined
    this.#told = false
    this.#closedAt = this.#options.clock.monotonic()
    this.#options.onChange?.(false, undefined)
  }
}

/** After so long without a fault the probes begin again at the shortest interval. */
const CALM_MS: Ms = 10_000
