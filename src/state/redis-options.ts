import type { RedisOptions } from 'ioredis'
import { Failure } from '../core/failure.ts'
import type { RedisSettings, RedisTls } from '../core/redis-settings.ts'
import { Secret } from '../core/secret.ts'

/** Where one node is and how it is spoken to, after a URL was taken apart. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly db: number
  readonly username: string | undefined
  readonly password: Secret | undefined
  readonly tls: RedisTls | undefined
}

/** The address of the settings' single node, or of the first of several. @throws Failure when the URL is none. */
export function addressOf(settings: RedisSettings): RedisAddress {
  const { place, db, username, password, tls } = settings
  if (place.kind === 'url') return fromUrl(place.url, settings)
  const node = place.kind === 'node' ? place : place.nodes[0]
  if (!node) throw new Failure('invalid_request', `Redis: the list of ${place.kind} nodes is empty; name at least one`)
  return { host: node.host, port: node.port, db, username, password, tls }
}

function fromUrl(url: Secret, { db, username, password, tls }: RedisSettings): RedisAddress {
  const parsed = parse(url)
  const query = parsed.searchParams
  const secure = parsed.protocol === 'rediss:' || tls !== undefined
  const unverified = query.get('ssl_cert_reqs') === 'none' || query.get('ssl_cert_reqs') === 'CERT_NONE'
  const number = parsed.pathname.length > 1 ? parsed.pathname.slice(1) : (query.get('db') ?? String(db))
  if (!/^\d{1,5}$/.test(number)) throw new Failure('invalid_request', 'Redis: the database in the URL is not a number')
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    db: Number(number),
    username: parsed.username === '' ? username : decodeURIComponent(parsed.username),
    password: parsed.password === '' ? password : new Secret(decodeURIComponent(parsed.password)),
    tls: secure ? { ...tls, ...(unverified && { verify: false }) } : undefined,
  }
}

function parse(url: Secret): URL {
  const expected = 'expected redis://user:password@host:6379/0, or rediss:// for TLS'
  try {
    const parsed = new URL(url.reveal())
    if (parsed.protocol === 'redis:' || parsed.protocol === 'rediss:') return parsed
  } catch {
    // Its message would show the password.
  }
  throw new Failure('invalid_request', `Redis: the URL cannot be read; ${expected}`)
}

/** What ioredis is told about every connection. Waits and retries are bounded here; `Breaker` bounds those of calls. */
export function connectionOptions(settings: RedisSettings, address: RedisAddress) {
  const { username, password, tls } = address
  return {
    db: address.db,
    ...(username !== undefined && { username }),
    ...(password && { password: password.reveal() }),
    ...(tls && { tls: tlsOptions(tls) }),
    connectTimeout: settings.connectTimeoutMs,
    // A connection that is dead without having been closed: what waits on it fails, and another one is made.
    socketTimeout: SILENCE_MS,
    // A command whose answer is lost must not happen twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // After a failover behind one name the old master only reads: look the name up again.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    connectionName: 'tollgate',
    disableClientInfo: true,
  } satisfies RedisOptions
}

const SILENCE_MS = 5_000

function tlsOptions({ verify = true, verifyHost = verify, ca }: RedisTls): NonNullable<RedisOptions['tls']> {
  return {
    rejectUnauthorized: verify,
    ...(!verifyHost && { checkServerIdentity: () => undefined }),
    ...(ca !== undefined && { ca }),
  }
}
