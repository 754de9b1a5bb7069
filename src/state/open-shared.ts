import type { Clock } from '../core/clock.ts'
import { ulids } from '../core/id.ts'
import type { RedisSettings } from '../core/redis-settings.ts'
import { openRedis } from './redis-client.ts'
import { redisLimiter } from './redis-limiter.ts'

/** Opens what replicas share over Redis. It may be away: then each goes on alone, by the stated fallbacks. */
export async function openShared(settings: RedisSettings, { clock }: { readonly clock: Clock }) {
  const redis = openRedis(settings, { clock })
  const limiter = redisLimiter({ redis, replica: ulids(() => clock.now())(), clock })
  return {
    limiter,
    exchange: undefined,
    async close() {
      await limiter.close()
      await redis.close()
    },
  }
}
