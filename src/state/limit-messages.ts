import type { RateLimit } from '../core/caller.ts'
import type { Standing } from '../core/standing.ts'
import type { SourceAnswer } from './limit-source.ts'
import type { LimitAsk, Quantity, Refused } from './limiter.ts'
import type { Owed } from './memory-limiter.ts'

/** A way to another process of this machine that keeps the order, such as that of node:cluster. Messages are JSON. */
export interface MessagePort {
  send(message: unknown): void
  /** Gives back a function that stops listening. */
  onMessage(listener: (message: unknown) => void): () => void
}

/** What a worker tells the main process. */
export type LimitMessage =
  | { readonly do: 'ask'; readonly number: number; readonly ask: LimitAsk }
  | { readonly do: 'settle'; readonly id: string; readonly tokens: number }
  | { readonly do: 'undo'; readonly id: string }
  | { readonly do: 'add'; readonly owed: readonly Owed[] }
  /** These calls have places, and no others of this worker. */
  | { readonly do: 'hold'; readonly asks: readonly LimitAsk[] }
  | { readonly do: 'ping'; readonly number: number }

/** The answer to the ask or ping of that number. */
export interface LimitReply {
  readonly number: number
  readonly answer?: PackedAnswer
}

/** JSON knows no Infinity, and the limits are known to who asked. */
export interface PackedAnswer {
  readonly standings: readonly Omit<Standing, 'limit'>[]
  readonly lots?: readonly Quantity[] | undefined
  readonly refused?: {
    readonly limit: number
    readonly what: Refused['what']
    readonly retryAfterMs: number | 'never' | 'unknown'
  }
}

export interface WorkerEnvelope {
  readonly limits: readonly LimitMessage[]
}

export interface MainEnvelope {
  readonly limitReplies: readonly LimitReply[]
  /** How many workers there are. */
  readonly members: number
}

/** Others may use the same way: what is not ours is left alone. */
export function isWorkerEnvelope(message: unknown): message is WorkerEnvelope {
  return typeof message === 'object' && message !== null && Array.isArray(Reflect.get(message, 'limits'))
}

export function isMainEnvelope(message: unknown): message is MainEnvelope {
  return typeof message === 'object' && message !== null && Array.isArray(Reflect.get(message, 'limitReplies'))
}

export function packAnswer(answer: SourceAnswer, limits: readonly RateLimit[]): PackedAnswer {
  const standings = answer.standings.map(({ limit: _, ...left }) => left)
  if (answer.granted) return { standings, lots: answer.lots }
  const { limit, what, retryAfterMs = 'unknown' } = answer
  const wait = retryAfterMs === Number.POSITIVE_INFINITY ? 'never' : retryAfterMs
  return { standings, refused: { limit: limits.indexOf(limit), what, retryAfterMs: wait } }
}

export function unpackAnswer({ standings, lots, refused }: PackedAnswer, { limits }: LimitAsk): SourceAnswer {
  const own = limits.map((limit, index) => ({ ...standings[index], limit }))
  const limit = refused && limits[refused.limit]
  if (!limit) return { granted: true, standings: own, lots }
  const { what, retryAfterMs } = refused
  const wait = retryAfterMs === 'never' ? Number.POSITIVE_INFINITY : retryAfterMs
  return { granted: false, limit, what, retryAfterMs: wait === 'unknown' ? undefined : wait, standings: own }
}

/** Gathers messages and sends those of one turn together. */
export class Outbox<T> {
  readonly #send: (items: readonly T[]) => void
  #items: T[] = []

  constructor(send: (items: readonly T[]) => void) {
    this.#send = send
  }

  push(item: T): void {
    if (this.#items.push(item) === 1) setImmediate(() => this.flush())
  }

  flush(): void {
    const items = this.#items
    if (items.length === 0) return
    this.#items = []
    this.#send(items)
  }
}
