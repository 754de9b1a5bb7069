import type { JsonObject } from '../core/json.ts'

/** One end of a line between two processes, for one topic: what is sent comes out at the other end, once and in order. */
export interface Port {
  /** Never waits, never throws. Dropped when the other process is gone, or has not taken what it was sent for too long. */
  send(message: JsonObject): void
  /** Gives back what ends it. */
  onMessage(listener: (message: JsonObject) => void): () => void
}
