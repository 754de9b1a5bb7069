import { createRequire } from 'node:module'
import type { Dispatcher, Pool } from 'undici'
import type { Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'

export interface DiallerOptions {
  /** How long a connection may take to stand. */
  readonly connectMs: Ms
  /** How long an idle connection is kept. Default 60,000 ms. */
  readonly keepAliveMs?: Ms
  /** How old a connection may be when a call begins on it; what is under way is read out. Default 3,600,000 ms. */
  readonly lifeMs?: Ms | undefined
}

/** Where a URL leads: the connections to its origin, and what to ask for there. */
export interface Line {
  readonly dispatcher: Dispatcher
  /** Path and query. */
  readonly path: string
}

/** URLs that are kept taken apart: those of all deployments, and of what wildcards became. Beyond it, all are forgotten. */
const MAX_LINES = 1_000

/** The only way out of the process: connections to upstreams, pooled by origin. Redirects are never followed. */
export class Dialler {
  readonly #options: DiallerOptions
  readonly #pools = new Map<string, Pool>()
  /** Taking a URL apart costs 3.5 µs and an Agent's look-up 2, a hundredth of it to find the result again. */
  readonly #lines = new Map<string, Line>()
  #closed = false

  constructor(options: DiallerOptions) {
    this.#options = options
  }

  /** Why nobody can be asked any more; undefined while somebody can. */
  get refusal(): Failure | undefined {
    return this.#closed ? new Failure('unavailable', 'the router is closed', { code: 'stopping' }) : undefined
  }

  /**
   * The way to a URL: without certificate checks only where the deployment's configuration says so.
   * @throws Failure `stopping` once it is closed.
   */
  line(url: string, { insecureTls = false }: Pick<Deployment, 'insecureTls'>): Line {
    const key = insecureTls ? `insecure ${url}` : url
    const known = this.#lines.get(key)
    if (known) return known
    const { refusal } = this
    if (refusal) throw refusal
    const { origin, pathname, search } = new URL(url)
    const line: Line = { dispatcher: this.#pool(origin, insecureTls), path: pathname + search }
    if (this.#lines.size >= MAX_LINES) this.#lines.clear()
    this.#lines.set(key, line)
    return line
  }

  /** Loads what dialling needs, so that the first call does not wait for it. */
  prepare(): void {
    loadPool()
  }

  /** Ends all connections; what is under way is broken off, by us and not by the upstream. */
  async close(): Promise<void> {
    this.#closed = true
    this.#lines.clear()
    const reason = new Failure('cancelled', 'the router was closed while the call was under way', { code: 'stopping' })
    await Promise.all([...this.#pools.values()].map(pool => pool.destroy(reason)))
  }

  #pool(origin: string, insecureTls: boolean): Pool {
    const key = insecureTls ? `insecure ${origin}` : origin
    const known = this.#pools.get(key)
    if (known) return known
    const pool = new (loadPool())(origin, {
      connect: { timeout: this.#options.connectMs, rejectUnauthorized: !insecureTls, noDelay: true },
      keepAliveTimeout: this.#options.keepAliveMs ?? 60_000,
      clientTtl: this.#options.lifeMs ?? 3_600_000,
      // The attempt's own limits bound these waits (layers/timeouts.ts).
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    })
    this.#pools.set(key, pool)
    return pool
  }
}

/**
 * Pools alone, and not before somebody dials: all of undici takes 80 ms and 20 MB (fetch, sockets, caches), of which this is a
 * third. Whoever only imports the library pays neither.
 */
function loadPool(): typeof Pool {
  return createRequire(import.meta.url)('undici/lib/dispatcher/pool.js')
}
