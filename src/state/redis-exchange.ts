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
/** A replica that has not heard itself for so long does not hear others either. Shorter than the former by more than a beat. */
const DEAF_MS: Ms = 2_000
/** How long a replica waits for the others when it hears again: they look for Redis every 5 s at least, and connect within 3. */
const RETURN_MS: Ms = 10_000
/** No message of ours is longer. */
const MAX_CHARACTERS = 1 << 20

export interface RedisExchangeParts {
  readonly redis: RedisClient
  /** A name that no other replica has. */
  readonly self: string
  readonly clock: Clock
}

/**
 * Replicas tell each other over one channel of a shared Redis (PUBLISH, SUBSCRIBE), which keeps nothing. A replica hears
 * its own voice too: when it has not heard all of it, it has missed what others said meanwhile, and while it hears nothing
 * of it, the silence of others means nothing. So while Redis is away each goes on alone, counts the others as they were,
 * and joins them again by itself. The client belongs to whoever opened it.
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
  /** The others, and until when they are waited for if they say nothing. Monotonic. */
  readonly #awaited = new Map<string, Ms>()
  readonly #unsubscribe: () => void
  readonly #forgetUp: () => void
  /** How often it has said that it is here, and the last of it that it heard itself. */
  #said = 0
  #echo = Number.NaN
  #echoAt: Ms = Number.NEGATIVE_INFINITY
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

  isApart(): boolean {
    return !this.#redis.up || this.#audience.hasLost
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    this.#forgetUp()
    this.#unsubscribe()
    await this.#send({ bye: true })
  }

  /** What cannot be sent at once is not sent: it would be old. The others have missed it, and are told all later. */
  async #send(said: JsonObject): Promise<void> {
    await this.#redis.run('PUBLISH', [this.#channel, JSON.stringify({ from: this.self, ...said })]).catch(() => {
      this.#echo = Number.NaN
    })
  }

  #beat(): void {
    this.#sayHere()
    const now = this.#clock.monotonic()
    const isDeaf = now - this.#echoAt > DEAF_MS
    for (const [replica, until] of this.#awaited) {
      if (now <= until) continue
      if (isDeaf) this.#audience.lose(replica)
      else this.#leave(replica)
    }
    this.#timer = this.#clock.after(HERE_MS, () => this.#beat())
    this.#timer.unref?.()
  }

  #sayHere(): void {
    void this.#send({ here: ++this.#said })
  }

  #leave(replica: string): void {
    this.#awaited.delete(replica)
    this.#audience.leave(replica)
  }

  #take(text: string): void {
    const said = text.length > MAX_CHARACTERS ? undefined : parse(text)
    if (this.#closed || typeof said?.from !== 'string') return
    if (said.from === this.self) return this.#hearSelf(said)
    if (said.bye === true) return this.#leave(said.from)
    this.#awaited.set(said.from, this.#clock.monotonic() + SILENT_MS)
    if (this.#audience.hears(said.from)) {
      if (said.hello === true) this.#audience.missed()
    } else this.#audience.join(said.from)
    if (isObject(said.message)) this.#audience.hear(said.message, said.from)
  }

  #hearSelf({ here }: JsonObject): void {
    if (typeof here !== 'number') return
    const hasMissed = here !== this.#echo + 1
    this.#echo = here
    this.#echoAt = this.#clock.monotonic()
    if (!hasMissed) return
    for (const replica of this.#awaited.keys()) this.#awaited.set(replica, this.#echoAt + RETURN_MS)
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
