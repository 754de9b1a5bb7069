import type { RateLimit } from '../core/caller.ts'
import { type Clock, type Ms, systemClock, type Timer } from '../core/clock.ts'
import type { Standing } from '../core/standing.ts'
import { limitKey } from './limit-key.ts'
import { ADMIT, CORRECT, HOLD } from './limit-scripts.ts'
import type { LimitSource, Settling, SourceAnswer } from './limit-source.ts'
import type { LimitAsk, Limiter, Quantity, Refused } from './limiter.ts'
import type { Owed } from './memory-limiter.ts'
import { type Share, shareOf } from './priority-share.ts'
import type { RedisArgument, RedisClient } from './redis-client.ts'
import { SharingLimiter } from './sharing-limiter.ts'

export interface RedisLimiterOptions {
  readonly redis: RedisClient
  /** Names this process among the replicas: the same as in the store. */
  readonly replica: string
  /** Places of calls whose process died come free after so long. Default 15,000 ms. */
  readonly leaseMs?: Ms
  readonly clock?: Clock
}

/**
 * Counts with all replicas, in Redis: one script call per admission. The client is its owner's to close. All keys have
 * one hash tag, so that in a cluster one shard does all the counting of a namespace.
 */
export function redisLimiter({ redis, replica, leaseMs = 15_000, clock = systemClock }: RedisLimiterOptions): Limiter {
  return new SharingLimiter(new RedisSource({ redis, replica, leaseMs, clock }), clock)
}

interface Keys {
  readonly debts: string
  readonly places: string
  /** The limit's terms without a share. */
  readonly terms: string
}

class RedisSource implements LimitSource {
  readonly #options: Required<RedisLimiterOptions>
  readonly #keys = new WeakMap<RateLimit, Keys>()
  /** Calls whose places are prolonged, with the keys of these. */
  readonly #held = new Map<string, readonly string[]>()
  /** Calls that ended when Redis could not be told so: their places would be taken as long as a lease. */
  readonly #ended = new Map<string, readonly string[]>()
  readonly #upListeners = new Set<() => void>()
  readonly #stopListening: () => void
  members = 1
  #timer: Timer | undefined
  #closed = false

  constructor(options: Required<RedisLimiterOptions>) {
    this.#options = options
    this.#stopListening = options.redis.onUp(() => {
      for (const listener of this.#upListeners) listener()
      this.#beat()
    })
    if (options.redis.up) this.#beat()
    this.#beatLater()
  }

  get up(): boolean {
    return this.#options.redis.up
  }

  onUp(listener: () => void): void {
    this.#upListeners.add(listener)
  }

  async ask(ask: LimitAsk, late: (answer: SourceAnswer) => void): Promise<SourceAnswer> {
    const { redis, leaseMs } = this.#options
    const args: RedisArgument[] = [ask.id, ask.tokens, leaseMs]
    for (const limit of ask.limits) args.push(this.#termsOf(limit, ask.priority))
    for (const { requests, tokens } of ask.ahead ?? []) args.push(`${requests} ${tokens}`)
    const call = { keys: this.#keysOf(ask.limits), args }
    const read = (reply: unknown) => {
      const answer = readReply(ask, reply)
      if (answer.granted) this.hold([ask])
      return answer
    }
    return read(await redis.script(ADMIT, call, reply => late(read(reply))))
  }

  settle(ask: LimitAsk, tokens: number, { lost, late }: Settling): void {
    const places = this.#held.get(ask.id)
    this.#held.delete(ask.id)
    const limits = ask.limits.filter(({ tpm, parallel }) => tpm !== undefined || parallel !== undefined)
    if (limits.length === 0) return
    const args: RedisArgument[] = [ask.id]
    for (const limit of limits) {
      args.push(0, tokens, this.#termsOf(limit, ask.priority))
    }
    this.#options.redis.script(CORRECT, { keys: this.#keysOf(limits), args }, late).catch(() => {
      if (places) this.#ended.set(ask.id, places)
      lost()
    })
  }

  add(owed: readonly Owed[]): void {
    for (const batch of batches(owed)) {
      const args: RedisArgument[] = ['']
      for (const { limit, requests, tokens } of batch) {
        args.push(requests, tokens, this.#keyOf(limit).terms)
      }
      // Rates are not money: what cannot be told is forgotten.
      this.#options.redis.script(CORRECT, { keys: this.#keysOf(batch.map(one => one.limit)), args }).catch(() => {})
    }
  }

  /** They are prolonged with the next beat, well before they would end. */
  hold(asks: readonly LimitAsk[]): void {
    for (const { id, limits } of asks) {
      const places = limits.filter(limit => limit.parallel !== undefined).map(limit => this.#keyOf(limit).places)
      if (places.length > 0) this.#held.set(id, places)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    this.#stopListening()
    const { redis, replica } = this.#options
    if (!redis.up) return
    const leaving = redis.run('ZREM', [redis.slotKey('limits:replicas'), replica])
    for (const [id, places] of this.#held) this.#ended.set(id, places)
    this.#held.clear()
    await Promise.allSettled([leaving, ...this.#freeEnded()])
  }

  #freeEnded(): Promise<unknown>[] {
    const freeing: Promise<unknown>[] = []
    for (const [id, places] of this.#ended)
      for (const place of places) freeing.push(this.#options.redis.run('ZREM', [place, id]))
    this.#ended.clear()
    return freeing
  }

  #beatLater(): void {
    const { clock, leaseMs } = this.#options
    this.#timer = clock.after(leaseMs / 3, () => {
      if (this.#options.redis.up) this.#beat()
      this.#beatLater()
    })
    this.#timer.unref?.()
  }

  /** Says that this replica is there, and prolongs the places of its calls. */
  #beat(): void {
    if (this.#closed) return
    // Should it fail again, a lease is the end of it.
    void Promise.allSettled(this.#freeEnded())
    const { redis, replica, leaseMs } = this.#options
    const places = [...this.#held].flatMap(([id, keys]) => keys.map(key => ({ id, key })))
    for (const batch of batches(places, [])) {
      const keys = [redis.slotKey('limits:replicas'), ...batch.map(({ key }) => key)]
      const args = [replica, leaseMs, ...batch.map(({ id }) => id)]
      redis.script(HOLD, { keys, args }).then(
        members => {
          this.members = Math.max(Number(members) || 1, 1)
        },
        () => {},
      )
    }
  }

  /** One argument per limit, which is cheaper on both sides than one per number. */
  #termsOf(limit: RateLimit, priority: string | undefined): string {
    return limit.shares ? termsText(limit, shareOf(limit, priority)) : this.#keyOf(limit).terms
  }

  #keysOf(limits: readonly RateLimit[]): string[] {
    const keys: string[] = []
    for (const limit of limits) {
      const { debts, places } = this.#keyOf(limit)
      keys.push(debts, places)
    }
    return keys
  }

  #keyOf(limit: RateLimit): Keys {
    const known = this.#keys.get(limit)
    if (known) return known
    const key = limitKey(limit)
    const { redis } = this.#options
    const keys = {
      debts: redis.slotKey(`limits:debts:${key}`),
      places: redis.slotKey(`limits:places:${key}`),
      terms: termsText(limit),
    }
    this.#keys.set(limit, keys)
    return keys
  }
}

/** Scripts do not grow with the number of calls: Redis does nothing else while one runs. */
const BATCH = 200

function* batches<T>(all: readonly T[], empty?: readonly T[]): Generator<readonly T[]> {
  if (all.length === 0 && empty) yield empty
  for (let start = 0; start < all.length; start += BATCH) yield all.slice(start, start + BATCH)
}

function termsText({ rpm = -1, tpm = -1, parallel = -1 }: RateLimit, share?: Share): string {
  return `${rpm} ${tpm} ${parallel} ${share?.part ?? -1} ${share?.saturation ?? 0} ${share?.name ?? ''}`
}

const WHATS = ['requests', 'requests', 'tokens', 'parallel'] as const

function readReply(ask: LimitAsk, reply: unknown): SourceAnswer {
  const numbers = Array.isArray(reply) ? reply.map(Number) : []
  const [worst = 0, what = 0, wait = 0] = numbers
  const told = ask.limits.map((_, index) => numbers.slice(3 + index * PER_LIMIT, 3 + (index + 1) * PER_LIMIT))
  const standings = ask.limits.map((limit, index) => standing(limit, told[index] ?? []))
  const limit = ask.limits[worst - 1]
  if (!limit) return { granted: true, standings, lots: ask.ahead && told.map(lot) }
  const retryAfterMs = wait < 0 ? Number.POSITIVE_INFINITY : what === 3 ? undefined : wait
  return { granted: false, limit, what: WHATS[what] ?? 'requests', retryAfterMs, standings } satisfies Refused
}

/** Numbers that are told of each limit. */
const PER_LIMIT = 7

function lot(told: readonly number[]): Quantity {
  const [requests = 0, tokens = 0] = told.slice(5)
  return { requests, tokens }
}

function standing(limit: RateLimit, told: readonly number[]): Standing {
  const [requests = -1, resetRequestsMs = 0, tokens = -1, resetTokensMs = 0, parallel = -1] = told
  return {
    limit,
    ...(requests >= 0 && { remainingRequests: requests, resetRequestsMs }),
    ...(tokens >= 0 && { remainingTokens: tokens, resetTokensMs }),
    ...(parallel >= 0 && { remainingParallel: parallel }),
  }
}
