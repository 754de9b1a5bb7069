import type { JsonObject } from '../core/json.ts'

/**
 * What replicas tell each other. Fire and forget: nothing is answered, nothing is kept for those who are away, and what
 * cannot be sent is dropped. So a message tells how things stand, and not how they have changed, and whoever publishes
 * tells it all again when `missed` is called. Small messages only; those who publish often gather them.
 */
export interface Exchange {
  /** This replica's name among them. */
  readonly self: string
  /** Tells it to all others. Never waits, never throws. */
  publish(message: JsonObject): void
  /** Gives back what ends it. Nobody hears what it has published itself. */
  subscribe(listener: ExchangeListener): () => void
  /** How many replicas take part, this one included: 1 while it is alone. Those that it has lost sight of are counted. */
  members(): number
  /** Its place among them in the order of their names, from 0. */
  rank(): number
  /** Whether some of them do not hear this one, or it does not hear them, though they go on. */
  isApart(): boolean
  /** Leaves the others, who are told. What is published later is dropped. */
  close(): Promise<void>
}

export interface ExchangeListener {
  /** Another replica tells something. The message came from another process: nothing is known of its shape. */
  heard(message: JsonObject, from: string): void
  /**
   * Another replica has left, has died, or is not heard any more. What it had in hand is no longer in its hand, or nobody
   * knows. May be told twice.
   */
  gone?(replica: string): void
  /** Somebody has missed what was said so far: a replica is new, or the connection was lost for a while. */
  missed?(): void
}

/** One process: nobody hears what is said. */
export const alone: Exchange = {
  self: '',
  publish: () => {},
  subscribe: () => () => {},
  members: () => 1,
  rank: () => 0,
  isApart: () => false,
  close: async () => {},
}
