import type { Ms } from './clock.ts'
import type { Secret } from './secret.ts'

/** How to reach the Redis that replicas share. Whoever compiles a configuration starts from `REDIS_DEFAULTS`. */
export interface RedisSettings {
  readonly place: RedisPlace
  /** Of Redis 6's access lists. A URL's own user goes first. */
  readonly username?: string
  /** A URL's own password goes first. */
  readonly password?: Secret
  /** Number of the database; a cluster has only 0. A URL's own number goes first. Default 0. */
  readonly db: number
  /** Absent: plain TCP, unless the URL says `rediss://`. */
  readonly tls?: RedisTls
  /** Keeps installations that share one Redis apart: keys begin with `tollgate:<namespace>:`. Absent: `tollgate:`. */
  readonly namespace?: string
  /** How long a connection may take to be made. Default 2,000 ms. */
  readonly connectTimeoutMs: Ms
  /** How long a call waits for an answer before it goes on without Redis. Default 100 ms. */
  readonly commandTimeoutMs: Ms
}

export type RedisPlace =
  /** `redis://user:password@host:port/db`, or `rediss://` for TLS. */
  | { readonly kind: 'url'; readonly url: Secret }
  | ({ readonly kind: 'node' } & RedisNode)
  /** Nodes of a cluster that are asked for the others. */
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] }
  /** Sentinels that are asked for the master of this name. */
  | {
      readonly kind: 'sentinel'
      readonly nodes: readonly RedisNode[]
      readonly service: string
      readonly sentinelPassword?: Secret
    }

export interface RedisNode {
  readonly host: string
  /** Default of Redis: 6379; of sentinels: 26379. */
  readonly port: number
}

export interface RedisTls {
  /** Whether the certificate must be signed by somebody trusted (`ssl_cert_reqs`). Default true. */
  readonly verify?: boolean
  /** Whether the certificate must bear the host's name (`ssl_check_hostname`). Default: as `verify`. */
  readonly verifyHost?: boolean
  /** Certificates that are trusted beside the system's, PEM (`ssl_ca_certs`). */
  readonly ca?: string
}

export const REDIS_DEFAULTS = {
  db: 0,
  connectTimeoutMs: 2_000,
  commandTimeoutMs: 100,
} as const satisfies Partial<RedisSettings>

/** What every key of ours begins with. */
export function redisPrefix({ namespace }: Pick<RedisSettings, 'namespace'>): string {
  return namespace === undefined || namespace === '' ? 'tollgate:' : `tollgate:${namespace}:`
}
