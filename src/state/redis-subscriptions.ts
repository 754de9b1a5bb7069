import type { Cluster, Redis } from 'ioredis'

type Listener = (message: string) => void

/** Listens on channels over a connection of its own, which is made for the first of them. */
export class RedisSubscriptions {
  readonly #connect: () => Promise<Redis | Cluster>
  readonly #channels = new Map<string, Set<Listener>>()
  #connection: Promise<Redis | Cluster> | undefined
  #closed = false

  constructor(connect: () => Promise<Redis | Cluster>) {
    this.#connect = connect
  }

  add(channel: string, listener: Listener): () => void {
    const listeners = this.#channels.get(channel) ?? new Set()
    listeners.add(listener)
    if (!this.#channels.has(channel)) {
      this.#channels.set(channel, listeners)
      this.#send(redis => redis.subscribe(channel))
    }
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return
      this.#channels.delete(channel)
      this.#send(redis => redis.unsubscribe(channel))
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#channels.clear()
    const redis = await this.#connection?.catch(() => undefined)
    redis?.disconnect()
  }

  /** While Redis is away nothing is lost: on each new connection all channels are asked for. */
  #send(ask: (redis: Redis | Cluster) => Promise<unknown>): void {
    if (this.#closed) return
    this.#connection ??= this.#open()
    this.#connection.then(redis => (redis.status === 'ready' ? ask(redis) : undefined)).catch(() => {})
  }

  async #open(): Promise<Redis | Cluster> {
    const redis = await this.#connect()
    redis.on('error', () => {})
    redis.on('message', (channel: string, message: string) => {
      for (const listener of this.#channels.get(channel) ?? []) listener(message)
    })
    redis.on('ready', () => {
      if (this.#channels.size > 0) redis.subscribe(...this.#channels.keys()).catch(() => {})
    })
    return redis
  }
}
