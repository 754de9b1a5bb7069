import { createHash } from 'node:crypto'
import type { Cluster, Redis } from 'ioredis'
import { type Clock, type Ms, type Random, systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { type RedisSettings, redisPrefix } from '../core/redis-settings.ts'
import { Breaker, type Late } from './breaker.ts'
import { connectRedis } from './redis-connection.ts'
import { addressOf, type RedisAddress } from './redis-options.ts'
import { RedisSubscriptions } from './redis-subscriptions.ts'

export type RedisArgument = string | number

/** A Lua script, and the name under which Redis remembers it. */
export interface RedisScript {
  readonly lua: string
  readonly sha: string
}

export function redisScript(lua: string): RedisScript {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/**
 * A shared Redis that is allowed to be away. Commands wait no longer than `commandTimeoutMs`; after one that was too slow,
 * or when the connection is lost, all fail at once until Redis has answered a probe in time. A command that was given up
 * may still happen. Every rejection is a Failure: `unavailable` while Redis is away, `internal` when it refuses a command.
 */
export interface RedisClient {
  /** Whether a command would be sent now. */
  readonly up: boolean
  /** A key of ours: `tollgate:<namespace>:<name>`. */
  key(name: string): string
  /**
   * A key that lies, in a cluster, on one slot with all others of this kind, for scripts that need several keys: its hash
   * tag is the namespace. The price: one shard carries all of them.
   */
  slotKey(name: string): string
  /** Sends a command. `late` is told an answer that came when nobody waited any more. */
  run(name: string, args: readonly RedisArgument[], late?: Late<unknown>): Promise<unknown>
  /** Runs a script by its hash, and by its text where Redis does not know it. */
  script(script: RedisScript, call: ScriptCall, late?: Late<unknown>): Promise<unknown>
  /** Tells the listener of every message on the channel, over a connection of its own. What is sent while it is down is lost. */
  subscribe(channel: string, listener: (message: string) => void): () => void
  /** Tells whenever Redis is there again, also the first time. Gives back a function that stops telling. */
  onUp(listener: () => void): () => void
  /** Settles when Redis is there, or after the connect timeout at the latest: whether it is. */
  ready(): Promise<boolean>
  close(): Promise<void>
}

export interface ScriptCall {
  readonly keys: readonly string[]
  readonly args: readonly RedisArgument[]
}

export interface RedisClientOptions {
  /** Told when Redis goes (the reason, without secrets) and when it is back (undefined). Default: nobody. */
  readonly onFault?: (reason: string | undefined) => void
  /** Between two probes while it is away. Default 250 to 5,000 ms. */
  readonly probeMs?: readonly [Ms, Ms]
  readonly clock?: Clock
  readonly random?: Random
}

/** Begins to connect; nothing need be waited for. @throws Failure when the settings name no place. */
export function openRedis(settings: RedisSettings, options: RedisClientOptions = {}): RedisClient {
  return new BoundedRedis(settings, options)
}

class BoundedRedis implements RedisClient {
  readonly #settings: RedisSettings
  readonly #address: RedisAddress
  readonly #clock: Clock
  readonly #breaker: Breaker
  readonly #subscriptions: RedisSubscriptions
  readonly #upListeners = new Set<() => void>()
  readonly #prefix: string
  readonly #tag: string
  /** Hashes of the scripts that were told on this connection. */
  readonly #scripts = new Set<string>()
  #redis: Redis | Cluster | undefined
  #faulty = false
  #closed = false

  constructor(settings: RedisSettings, options: RedisClientOptions) {
    const { clock = systemClock, random = Math.random, onFault, probeMs } = options
    this.#settings = settings
    this.#address = addressOf(settings)
    this.#clock = clock
    this.#prefix = redisPrefix(settings)
    this.#tag = `${this.#prefix}{${settings.namespace || 'tollgate'}}:`
    this.#breaker = new Breaker({
      name: `Redis at ${this.#address.host}:${this.#address.port}`,
      timeoutMs: settings.commandTimeoutMs,
      probe: () => this.#probe(),
      open: true,
      clock,
      random,
      ...(probeMs && { probeMs }),
      onChange: (open, reason) => {
        // The first time it is there is no return.
        if (open || this.#faulty) onFault?.(reason)
        this.#faulty = open
        if (!open) for (const listener of this.#upListeners) listener()
      },
    })
    this.#subscriptions = new RedisSubscriptions(() => connectRedis(settings, { random, queue: true }))
    this.#connect(random).catch(error => this.#breaker.trip(this.#told(error)))
  }

  get up(): boolean {
    return !this.#breaker.open
  }

  key(name: string): string {
    return this.#prefix + name
  }

  slotKey(name: string): string {
    return this.#tag + name
  }

  run(name: string, args: readonly RedisArgument[], late?: Late<unknown>): Promise<unknown> {
    return this.#breaker.run(() => this.#send(name, args), late)
  }

  script({ sha, lua }: RedisScript, { keys, args }: ScriptCall, late?: Late<unknown>): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args]
    return this.#breaker.run(() => {
      // Told on each connection first, so that what is sent next is not overtaken by a second try.
      if (!this.#scripts.has(sha)) {
        this.#scripts.add(sha)
        return this.#send('EVAL', [lua, ...rest])
      }
      return this.#send('EVALSHA', [sha, ...rest]).catch(error => {
        if (!isUnknownScript(error)) throw error
        return this.#send('EVAL', [lua, ...rest])
      })
    }, late)
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    return this.#subscriptions.add(channel, listener)
  }

  onUp(listener: () => void): () => void {
    this.#upListeners.add(listener)
    return () => this.#upListeners.delete(listener)
  }

  ready(): Promise<boolean> {
    if (this.up || this.#closed) return Promise.resolve(this.up)
    return new Promise(resolve => {
      const done = () => {
        timer.cancel()
        forget()
        resolve(this.up)
      }
      const timer = this.#clock.after(this.#settings.connectTimeoutMs, done)
      const forget = this.onUp(done)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#upListeners.clear()
    this.#breaker.close()
    this.#redis?.disconnect()
    await this.#subscriptions.close()
  }

  async #connect(random: Random): Promise<void> {
    const redis = await connectRedis(this.#settings, { random, queue: false })
    // Errors are told by what they end: a command, or the connection.
    redis.on('error', error => this.#breaker.trip(this.#told(error)))
    redis.on('close', () => this.#breaker.trip('the connection is closed'))
    redis.on('ready', () => {
      this.#scripts.clear()
      this.#breaker.probeNow()
    })
    this.#redis = redis
    if (this.#closed) redis.disconnect()
  }

  #send(name: string, args: readonly RedisArgument[]): Promise<unknown> {
    if (!this.#redis) return Promise.reject(new Failure('unavailable', 'Redis is not connected yet'))
    return this.#redis.call(name, [...args]).catch(error => {
      throw this.#failure(name, error)
    })
  }

  /** Does all that is done otherwise: a Redis that is full, only reads, or allows a part of it, is not well. */
  async #probe(): Promise<void> {
    const writes = [PROBE, 1, this.slotKey('probe')]
    // Nobody minds an empty message.
    await Promise.all([this.#send('EVAL', writes), this.#send('PUBLISH', [this.key(EXCHANGE), ''])]).catch(error => {
      this.#breaker.trip(this.#told(error))
      throw error
    })
  }

  /** Without ioredis's own error, whose fields hold the command: of a login that is the password. */
  #failure(name: string, error: unknown): Failure {
    const told = this.#told(error)
    if (isRefusal(error) && !AWAY.test(told)) return new Failure('internal', `Redis refused ${name}: ${told}`)
    this.#breaker.trip(told)
    return new Failure('unavailable', `Redis is away: ${told}`)
  }

  #told(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error)
    return this.#address.password?.redact(text) ?? text
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Failure && error.message.includes('NOSCRIPT')
}

/** The channel on which replicas tell each other. */
export const EXCHANGE = 'exchange'

const PROBE = "return redis.call('SET', KEYS[1], '1', 'PX', 1000)"

/** Refusals that say: not now, or not here. */
const AWAY =
  /^(LOADING|READONLY|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|BUSY|NOAUTH|WRONGPASS|NOPERM|TRYAGAIN|UNKILLABLE|ERR max number of clients)/
