import cluster, { type Worker } from 'node:cluster'
import { isObject, type JsonObject } from '../core/json.ts'
import type { Port } from '../state/port.ts'

/** Messages that the other process has not taken yet, beyond which further ones are dropped: it hangs, or is dying. */
const MAX_UNTAKEN = 10_000

/** The part of `process` and of `Worker` that sends and receives. */
interface Line {
  isConnected(): boolean
  send(message: object, done: (error: Error | null) => void): void
  on(event: 'message', listener: (message: unknown) => void): unknown
  off(event: 'message', listener: (message: unknown) => void): unknown
}

/** The main process's end of its line to a worker, for one topic. */
export function mainPort(worker: Worker, topic: string): Port {
  return portOver(
    {
      isConnected: () => worker.isConnected(),
      send: (message, done) => worker.process.send?.(message, done),
      on: (event, listener) => worker.on(event, listener),
      off: (event, listener) => worker.off(event, listener),
    },
    topic,
  )
}

/** A worker's end of its line to the main process, for one topic. In any other process nothing comes of it. */
export function workerPort(topic: string): Port {
  return portOver(
    {
      isConnected: () => cluster.isWorker && process.connected,
      send: (message, done) => process.send?.(message, undefined, undefined, done),
      on: (event, listener) => process.on(event, listener),
      off: (event, listener) => process.off(event, listener),
    },
    topic,
  )
}

function portOver(line: Line, topic: string): Port {
  let untaken = 0
  const taken = () => {
    untaken--
  }
  return {
    send(message) {
      if (untaken >= MAX_UNTAKEN || !line.isConnected()) return
      untaken++
      // The other process may die between the look and the send.
      line.send({ tollgate: topic, message }, taken)
    },
    onMessage(listener) {
      const take = (envelope: unknown) => {
        const message = ofTopic(envelope, topic)
        if (message) listener(message)
      }
      line.on('message', take)
      return () => line.off('message', take)
    },
  }
}

/** Other messages between the two are none of ours. */
function ofTopic(envelope: unknown, topic: string): JsonObject | undefined {
  if (!isObject(envelope) || envelope.tollgate !== topic || !isObject(envelope.message)) return undefined
  return envelope.message
}
