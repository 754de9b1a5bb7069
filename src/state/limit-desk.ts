import { type Clock, systemClock } from '../core/clock.ts'
import {
  isWorkerEnvelope,
  type LimitMessage,
  type LimitReply,
  type MainEnvelope,
  type MessagePort,
  Outbox,
  packAnswer,
} from './limit-messages.ts'
import type { Granted } from './limiter.ts'
import { MemoryLimiter } from './memory-limiter.ts'

interface Worker {
  readonly outbox: Outbox<LimitReply>
  readonly stopListening: () => void
  /** Calls under way that were counted here. */
  readonly grants: Map<string, Granted>
}

/** The main process's part: counts for all workers of this machine. */
export class LimitDesk {
  readonly #limiter: MemoryLimiter
  readonly #workers = new Map<number | string, Worker>()

  constructor(clock: Clock = systemClock) {
    this.#limiter = new MemoryLimiter({ clock })
  }

  /** Serves a worker from now on. */
  connect(id: number | string, port: MessagePort): void {
    this.gone(id)
    const outbox = new Outbox<LimitReply>(limitReplies => {
      const envelope: MainEnvelope = { limitReplies, members: this.#workers.size }
      try {
        port.send(envelope)
      } catch {
        // The way is closed: whoever owns it will say that the worker is gone.
      }
    })
    const grants = new Map<string, Granted>()
    const stopListening = port.onMessage(message => {
      if (!isWorkerEnvelope(message)) return
      for (const one of message.limits) this.#serve(one, { outbox, grants, stopListening })
    })
    this.#workers.set(id, { outbox, stopListening, grants })
  }

  /** A worker has ended: the places of its calls come free. */
  gone(id: number | string): void {
    const worker = this.#workers.get(id)
    if (!worker) return
    this.#workers.delete(id)
    worker.stopListening()
    for (const granted of worker.grants.values()) this.#limiter.settle(granted, granted.ask.tokens)
    worker.grants.clear()
  }

  async close(): Promise<void> {
    for (const id of [...this.#workers.keys()]) this.gone(id)
    await this.#limiter.close()
  }

  #serve(message: LimitMessage, worker: Worker): void {
    switch (message.do) {
      case 'ask': {
        const { ask, number } = message
        const admission = this.#limiter.admit(ask)
        if (admission.granted) worker.grants.set(ask.id, admission)
        return worker.outbox.push({ number, answer: packAnswer(admission, ask.limits) })
      }
      case 'settle': {
        const granted = this.#take(worker, message.id)
        return granted && this.#limiter.settle(granted, granted.ask.tokens + message.tokens)
      }
      case 'undo': {
        const granted = this.#take(worker, message.id)
        return granted && this.#limiter.undo(granted)
      }
      case 'add': {
        for (const owed of message.owed) this.#limiter.add(owed)
        return
      }
      case 'hold':
        return this.#hold(message.asks, worker)
      case 'ping':
        return worker.outbox.push({ number: message.number })
    }
  }

  #take({ grants }: Worker, id: string): Granted | undefined {
    const granted = grants.get(id)
    grants.delete(id)
    return granted
  }

  /** After a silence the worker says anew what it has: what ended meanwhile was not told. */
  #hold(asks: readonly Granted['ask'][], { grants }: Worker): void {
    const before = new Map(grants)
    grants.clear()
    for (const ask of asks) {
      grants.set(ask.id, before.get(ask.id) ?? this.#limiter.hold(ask))
      before.delete(ask.id)
    }
    for (const granted of before.values()) this.#limiter.settle(granted, granted.ask.tokens)
  }
}
