import type { JsonObject } from '../core/json.ts'
import type { Exchange } from './exchange.ts'
import type { Port } from './port.ts'
import { ExchangeHub, workerExchange } from './worker-exchange.ts'

/** Both ends of a line within this process. What is sent is copied, as between processes, and comes in a later turn. */
function linkedPorts(later: (action: () => void) => void = setImmediate): readonly [Port, Port] {
  const ends = [new Set<(message: JsonObject) => void>(), new Set<(message: JsonObject) => void>()] as const
  const port = (mine: (typeof ends)[number], theirs: (typeof ends)[number]): Port => ({
    send(message) {
      const text = JSON.stringify(message)
      later(() => {
        for (const listener of theirs) listener(JSON.parse(text) as JsonObject)
      })
    },
    onMessage(listener) {
      mine.add(listener)
      return () => void mine.delete(listener)
    },
  })
  return [port(ends[0], ends[1]), port(ends[1], ends[0])]
}

/** A main process and its workers, within this process. */
export function exchangesOf(names: readonly string[], later?: (action: () => void) => void) {
  const hub = new ExchangeHub()
  const start = (name: string): Exchange => {
    const [worker, main] = linkedPorts(later)
    hub.attach(name, main)
    return workerExchange(worker, name)
  }
  return { hub, start, exchanges: names.map(start) }
}
