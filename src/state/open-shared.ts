import type { Clock } from '../core/clock.ts'
import { ulids } from '../core/id.ts'
import type { RedisSettings } from '../core/redis-settings.ts'
import { openRedis } from './redis-client.ts'
import { redisExchange } from './redis-exchange.ts'
import { redisLimiter } from './redis-limiter.ts'

/**
 * Opens what the replicas of all machines share over Redis, workers of one main process included. It may be away: then each
 * goes on alone, by the stated fallbacks.
 */
export async function openShared(settings: RedisSettings, { clock }: { readonly clock: Clock }) {
  const redis = openRedis(settings, { clock })
  const replica = ulids(() => clock.now())()
  const limiter = redisLimiter({ redis, replica, clock })
  const exchange = redisExchange({ redis, self: replica, clock })
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
