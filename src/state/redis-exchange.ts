import type { Clock, Ms, Timer } from '../core/clock.ts'
import { isObject, type JsonObject } from '../core/json.ts'
import { Audience } from './audience.ts'
import type { Exchange, ExchangeListener } from './exchange.ts'
import { EXCHANGE, type RedisClient } from './redis-client.ts'

// On the channel `exchange`, as JSON:
//   {from, here: n}     once a second, counted
//   {from, hello: true} I am new, or have missed something: tell me all that holds
//   {from, bye: true}   I leave
//   {from, message}     what is told

const HERE_MS: Ms = 1_000
/** Whoever is silent for so long is dead, or has lost Redis. */
const SILENT_MS: Ms = 3_500
/** No message of ours is longer. */
const MAX_CHARACTERS = 1 << 20

export interface RedisExchangeParts {
  readonly redis: RedisClient
  /** A name that no other replica has. */
  readonly self: string
  readonly clock: Clock
}

/**
 * Replicas tell each other over one channel of a shared Redis (PUBLISH, SUBSCRIBE), which keeps nothing. While Redis is
 * away each goes on alone, and joins again by itself: a replica hears its own voice too, and when it has not heard all of
 * it, it has missed what others said meanwhile. The client belongs to whoever opened it.
 */
export function redisExchange(parts: RedisExchangeParts): Exchange {
  return new RedisExchange(parts)
}

class RedisExchange implements Exchange {
  readonly self: string
  readonly #redis: RedisClient
  readonly #clock: Clock
  readonly #channel: string
  readonly #audience: Audience
  readonly #heardAt = new Map<string, Ms>()
  readonly #unsubscribe: () => void
  readonly #forgetUp: () => void
  /** How often it has said that it is here, and the last of it that it heard itself. */
  #said = 0
  #echo = Number.NaN
  #timer: Timer | undefined
  #closed = false

  constructor({ redis, self, clock }: RedisExchangeParts) {
    this.self = self
    this.#redis = redis
    this.#clock = clock
    this.#channel = redis.key(EXCHANGE)
    this.#audience = new Audience(self)
    this.#unsubscribe = redis.subscribe(this.#channel, text => this.#take(text))
    this.#forgetUp = redis.onUp(() => this.#sayHere())
    this.#beat()
  }

  publish(message: JsonObject): void {
    if (!this.#closed && this.#audience.members > 1) void this.#send({ message })
  }

  subscribe(listener: ExchangeListener): () => void {
    return this.#audience.subscribe(listener)
  }

  members(): number {
    return this.#audience.members
  }

  rank(): number {
    return this.#audience.rank
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    this.#forgetUp()
    this.#unsubscribe()
    await this.#send({ bye: true })
  }

  /** What cannot be sent at once is not sent: it would be old. */
  async #send(said: JsonObject): Promise<void> {
    await this.#redis.run('PUBLISH', [this.#channel, JSON.stringify({ from: this.self, ...said })]).catch(() => {})
  }

  #beat(): void {
    this.#sayHere()
    const now = this.#clock.monotonic()
    for (const [replica, at] of this.#heardAt) if (now - at > SILENT_MS) this.#leave(replica)
    this.#timer = this.#clock.after(HERE_MS, () => this.#beat())
    this.#timer.unref?.()
  }

  #sayHere(): void {
    void this.#send({ here: ++this.#said })
  }

  #leave(replica: string): void {
    this.#heardAt.delete(replica)
    this.#audience.leave(replica)
  }

  #take(text: string): void {
    const said = text.length > MAX_CHARACTERS ? undefined : parse(text)
    if (this.#closed || typeof said?.from !== 'string') return
    if (said.from === this.self) return this.#hearSelf(said)
    if (said.bye === true) return this.#leave(said.from)
    this.#heardAt.set(said.from, this.#clock.monotonic())
    if (this.#audience.has(said.from)) {
      if (said.hello === true) this.#audience.missed()
    } else this.#audience.join(said.from)
    if (isObject(said.message)) this.#audience.hear(said.message, said.from)
  }

  #hearSelf({ here }: JsonObject): void {
    if (typeof here !== 'number') return
    const hasMissed = here !== this.#echo + 1
    this.#echo = here
    if (!hasMissed) return
    void this.#send({ hello: true })
    this.#audience.missed()
  }
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
