import { randomUUID } from 'node:crypto'
import { systemClock } from '../core/clock.ts'
import type { RedisSettings } from '../core/redis-settings.ts'
import type { Exchange } from '../state/exchange.ts'
import { openRedis, type RedisClient } from '../state/redis-client.ts'
import { redisExchange } from '../state/redis-exchange.ts'

export interface OpenExchange {
  /** Undefined: this process is alone. */
  readonly exchange: Exchange | undefined
  /** What the exchange goes over, for others who need it too. */
  readonly redis: RedisClient | undefined
  /** Leaves the others, and lets go of Redis. */
  close(): Promise<void>
}

/**
 * The widest exchange that there is: over Redis, where it is configured, with the replicas of all machines, workers as well
 * as single processes; otherwise with the other workers of the main process.
 */
export function openExchange(settings: RedisSettings | undefined, ofWorkers: Exchange | undefined): OpenExchange {
  if (!settings) return { exchange: ofWorkers, redis: undefined, close: async () => {} }
  const redis = openRedis(settings)
  const exchange = redisExchange({ redis, self: randomUUID(), clock: systemClock })
  return {
    exchange,
    redis,
    async close() {
      await exchange.close()
      await redis.close()
    },
  }
}
