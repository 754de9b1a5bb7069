import { type Clock, type Ms, type Random, systemClock } from '../core/clock.ts'
import { Breaker } from './breaker.ts'
import {
  isMainEnvelope,
  type LimitMessage,
  type MessagePort,
  Outbox,
  type PackedAnswer,
  unpackAnswer,
  type WorkerEnvelope,
} from './limit-messages.ts'
import type { LimitSource, Settling, SourceAnswer } from './limit-source.ts'
import type { LimitAsk, Limiter } from './limiter.ts'
import type { Owed } from './memory-limiter.ts'
import { SharingLimiter } from './sharing-limiter.ts'

export interface SharedLimiterOptions {
  /** To the main process, where a `LimitDesk` serves it. */
  readonly port: MessagePort
  /** How long an answer is waited for before this worker goes on alone. Default 1,000 ms. */
  readonly timeoutMs?: Ms
  /** Between two questions whether the main process answers again. Default 250 to 5,000 ms. */
  readonly probeMs?: readonly [Ms, Ms]
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * The main process answers out of its memory, and workers end with it: one that is silent is not away, but busy, as under a
 * rush of new connections. Who goes on alone too soon lets calls through that others were let through for.
 */
const SILENCE_MS: Ms = 1_000

/** Counts with the other workers of this machine, in the main process. */
export function sharedLimiter(options: SharedLimiterOptions): Limiter {
  const { clock = systemClock, random = Math.random, timeoutMs = SILENCE_MS, ...rest } = options
  return new SharingLimiter(new MainProcess({ ...rest, clock, random, timeoutMs }), clock)
}

class MainProcess implements LimitSource {
  readonly #breaker: Breaker
  readonly #outbox: Outbox<LimitMessage>
  readonly #waiting = new Map<number, (answer: PackedAnswer | undefined) => void>()
  readonly #upListeners = new Set<() => void>()
  readonly #stopListening: () => void
  /** Calls that the main process has on its list. */
  readonly #listed = new Set<string>()
  members = 1
  #number = 0

  constructor(options: SharedLimiterOptions & Required<Pick<SharedLimiterOptions, 'clock' | 'random' | 'timeoutMs'>>) {
    const { port, clock, random, timeoutMs, probeMs } = options
    this.#outbox = new Outbox(limits => {
      const envelope: WorkerEnvelope = { limits }
      try {
        port.send(envelope)
      } catch (error) {
        this.#breaker.trip(error instanceof Error ? error.message : String(error))
      }
    })
    this.#breaker = new Breaker({
      name: 'the main process',
      timeoutMs,
      probe: () => this.#ping(clock),
      onChange: open => {
        if (!open) for (const listener of this.#upListeners) listener()
      },
      ...(probeMs && { probeMs }),
      clock,
      random,
    })
    this.#stopListening = port.onMessage(message => {
      if (!isMainEnvelope(message)) return
      this.members = Math.max(message.members, 1)
      for (const { number, answer } of message.limitReplies) this.#answered(number, answer)
    })
  }

  get up(): boolean {
    return !this.#breaker.open
  }

  onUp(listener: () => void): void {
    this.#upListeners.add(listener)
  }

  async ask(ask: LimitAsk): Promise<SourceAnswer> {
    const packed = await this.#breaker.run(
      () => this.#request(number => ({ do: 'ask', number, ask })),
      // It was decided here meanwhile.
      late => late && !late.refused && this.#outbox.push({ do: 'undo', id: ask.id }),
    )
    const answer = unpackAnswer(packed ?? { standings: [] }, ask)
    if (answer.granted) this.#listed.add(ask.id)
    return answer
  }

  settle(ask: LimitAsk, tokens: number, { lost }: Settling): void {
    const listed = this.#listed.delete(ask.id)
    // While it does not answer nothing is heaped up on the way to it; when it does, it is told anew what is under way.
    if (!this.up) return lost()
    if (listed) this.#outbox.push({ do: 'settle', id: ask.id, tokens })
    else if (tokens !== 0) this.add(ask.limits.map(limit => ({ limit, requests: 0, tokens })))
  }

  add(owed: readonly Owed[]): void {
    this.#outbox.push({ do: 'add', owed })
  }

  hold(asks: readonly LimitAsk[]): void {
    this.#listed.clear()
    for (const { id } of asks) this.#listed.add(id)
    this.#outbox.push({ do: 'hold', asks })
  }

  async close(): Promise<void> {
    for (const id of this.#listed) this.#outbox.push({ do: 'settle', id, tokens: 0 })
    this.#outbox.flush()
    this.#breaker.close()
    this.#stopListening()
    this.#waiting.clear()
  }

  #request(message: (number: number) => LimitMessage): Promise<PackedAnswer | undefined> {
    return new Promise(resolve => {
      const number = this.#number++
      this.#waiting.set(number, resolve)
      this.#outbox.push(message(number))
    })
  }

  /** One that is lost on the way must not be waited for for ever. */
  #ping(clock: Clock): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = clock.after(LOST_MS, () => reject(new Error('no answer')))
      timer.unref?.()
      this.#request(number => ({ do: 'ping', number })).then(answer => {
        timer.cancel()
        resolve(answer)
      })
    })
  }

  #answered(number: number, answer: PackedAnswer | undefined): void {
    // Answers come in order: what was asked before and is not answered yet never will be.
    for (const [earlier, resolve] of this.#waiting) {
      if (earlier > number) return
      this.#waiting.delete(earlier)
      if (earlier === number) resolve(answer)
    }
  }
}

const LOST_MS: Ms = 5_000
