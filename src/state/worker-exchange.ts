import { isObject, type JsonObject } from '../core/json.ts'
import { Audience } from './audience.ts'
import type { Exchange } from './exchange.ts'
import type { Port } from './port.ts'

// Between a worker and the main process:
//   worker -> main   {type: hello}             I listen: who is there?
//                    {type: tell, message}     pass it on
//                    {type: bye}               I leave
//   main -> worker   {type: members, ids}      whenever they change
//                    {type: told, from, message}

/** A worker's way to the other workers of its main process, who passes on what each of them tells (`ExchangeHub`). */
export function workerExchange(port: Port, self: string): Exchange {
  const audience = new Audience(self)
  let closed = false
  const off = port.onMessage(message => {
    const { type, ids, from, message: inner } = message
    if (type === 'members' && Array.isArray(ids)) audience.become(ids.map(String))
    else if (type === 'told' && typeof from === 'string' && isObject(inner)) audience.hear(inner, from)
  })
  port.send({ type: 'hello' })
  return {
    self,
    publish(message) {
      if (!closed && audience.members > 1) port.send({ type: 'tell', message })
    },
    subscribe: listener => audience.subscribe(listener),
    members: () => audience.members,
    rank: () => audience.rank,
    // The line to the main process holds as long as both do.
    isApart: () => false,
    async close() {
      if (closed) return
      closed = true
      off()
      port.send({ type: 'bye' })
    },
  }
}

/** The main process's part in it: it passes on, and says who is there. */
export class ExchangeHub {
  readonly #ports = new Map<string, Port>()
  readonly #members = new Set<string>()

  /** A worker has started; it takes part from when it says so. */
  attach(worker: string, port: Port): void {
    this.#ports.set(worker, port)
    port.onMessage(message => this.#take(worker, message))
  }

  /** A worker has ended. */
  gone(worker: string): void {
    this.#ports.delete(worker)
    if (this.#members.delete(worker)) this.#sayWhoIsThere()
  }

  #take(worker: string, { type, message }: JsonObject): void {
    if (!this.#ports.has(worker)) return
    if (type === 'hello') {
      this.#members.add(worker)
      this.#sayWhoIsThere()
    } else if (type === 'bye') {
      if (this.#members.delete(worker)) this.#sayWhoIsThere()
    } else if (type === 'tell' && isObject(message)) {
      for (const other of this.#members) {
        if (other !== worker) this.#ports.get(other)?.send({ type: 'told', from: worker, message })
      }
    }
  }

  #sayWhoIsThere(): void {
    const ids = [...this.#members]
    for (const member of ids) this.#ports.get(member)?.send({ type: 'members', ids })
  }
}
