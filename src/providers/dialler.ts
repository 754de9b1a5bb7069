import { createRequire } from 'node:module'
import type * as Undici from 'undici'
import type { Agent, Dispatcher } from 'undici'
import type { Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'

export interface DiallerOptions {
  /** How long a connection may take to stand. */
  readonly connectMs: Ms
  /** How long an idle connection is kept. Default 60,000 ms. */
  readonly keepAliveMs?: Ms
  /** How old a connection may be when a call begins on it; what is under way is read out. Default 3,600,000 ms. */
  readonly lifeMs?: Ms | undefined
}

/** The only way out of the process: connections to upstreams, pooled by origin. Redirects are never followed. */
export class Dialler {
  readonly #options: DiallerOptions
  #verified: Agent | undefined
  #unverified: Agent | undefined

  constructor(options: DiallerOptions) {
    this.#options = options
  }

  /** The dispatcher for a deployment: without certificate checks only where its configuration says so. */
  for({ insecureTls }: Pick<Deployment, 'insecureTls'>): Dispatcher {
    if (insecureTls) {
      this.#unverified ??= this.#open(false)
      return this.#unverified
    }
    this.#verified ??= this.#open(true)
    return this.#verified
  }

  /** Loads what dialling needs, so that the first call does not wait for it. */
  prepare(): void {
    this.#verified ??= this.#open(true)
  }

  /** Ends all connections; what is under way is broken off. */
  async close(): Promise<void> {
    await Promise.all([this.#verified?.destroy(), this.#unverified?.destroy()])
  }

  #open(rejectUnauthorized: boolean): Agent {
    return new (loadUndici().Agent)({
      connect: { timeout: this.#options.connectMs, rejectUnauthorized, noDelay: true },
      keepAliveTimeout: this.#options.keepAliveMs ?? 60_000,
      clientTtl: this.#options.lifeMs ?? 3_600_000,
      // The attempt's own limits bound these waits (layers/timeouts.ts).
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    })
  }
}

/** Loading undici takes 40 to 60 ms, which whoever only imports the library need not pay. */
function loadUndici(): typeof Undici {
  return createRequire(import.meta.url)('undici')
}
