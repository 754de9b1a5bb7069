import type { Cluster, Redis } from 'ioredis'
import type { Random } from '../core/clock.ts'
import type { RedisSettings } from '../core/redis-settings.ts'
import { addressOf, connectionOptions } from './redis-options.ts'

export interface ConnectionOptions {
  readonly random: Random
  /** Whether commands wait for the connection: only where nobody waits for them. */
  readonly queue: boolean
}

/** Begins a connection to a node, or to a cluster; ioredis is loaded only now. It connects again by itself, for ever. */
export async function connectRedis(
  settings: RedisSettings,
  { random, queue }: ConnectionOptions,
): Promise<Redis | Cluster> {
  const { Cluster, Redis } = await import('ioredis')
  const address = addressOf(settings)
  const common = connectionOptions(settings, address)
  // Full jitter, so that many replicas do not come back at one moment; the first time at once.
  const retryStrategy = (times: number) => Math.ceil(random() * Math.min(50 * 2 ** Math.min(times, 8), 3_000))
  const { place } = settings
  if (place.kind === 'cluster') {
    return new Cluster([...place.nodes], {
      redisOptions: common,
      enableOfflineQueue: queue,
      clusterRetryStrategy: retryStrategy,
      // Names stay names, so that certificates can be checked against them.
      dnsLookup: (host, done) => done(null, host),
    })
  }
  const { host, port } = address
  if (place.kind === 'node' || place.kind === 'url')
    return new Redis({ ...common, host, port, enableOfflineQueue: queue, retryStrategy })
  const secret = place.sentinelPassword?.reveal()
  return new Redis({
    ...common,
    sentinels: [...place.nodes],
    name: place.service,
    ...(secret !== undefined && { sentinelPassword: secret }),
    enableTLSForSentinelMode: common.tls !== undefined,
    ...(common.tls && { sentinelTLS: common.tls }),
    sentinelRetryStrategy: retryStrategy,
    enableOfflineQueue: queue,
    retryStrategy,
  })
}
