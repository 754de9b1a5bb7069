import type { Clock } from '../core/clock.ts'
import { ulids } from '../core/id.ts'
import type { RedisSettings } from '../core/redis-settings.ts'
import type { Exchange } from './exchange.ts'
import type { Limiter } from './limiter.ts'
import { openRedis } from './redis-client.ts'
import { redisExchange } from './redis-exchange.ts'
import { redisLimiter } from './redis-limiter.ts'

/** What replicas have in common over Redis. */
export interface Shared {
  readonly limiter: Limiter
  readonly exchange: Exchange
  close(): Promise<void>
}

/** Opens what replicas share. Redis may be away: then each goes on alone, by the stated fallbacks, and joins by itself. */
export async function openShared(
  settings: RedisSettings,
  { clock, warn }: { readonly clock: Clock; readonly warn: (message: string) => void },
): Promise<Shared> {
  const onFault = (reason: string | undefined) =>
    warn(reason === undefined ? 'Redis is there again' : `Redis is away, this replica counts alone: ${reason}`)
  const redis = openRedis(settings, { clock, onFault })
  const self = ulids(() => clock.now())()
  const limiter = redisLimiter({ redis, replica: self, clock })
  const exchange = redisExchange({ redis, self, clock })
  await redis.ready()
  return {
    limiter,
    exchange,
    async close() {
      await exchange.close()
      await limiter.close()
      await redis.close()
    },
  }
}
