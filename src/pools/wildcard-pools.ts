import { BoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Pool } from './pool.ts'
import type { Ward } from './ward.ts'
import { type SplitName, sortWildcards, Wildcard } from './wildcard.ts'

export interface WildcardPoolsParts {
  /** The deployments of each pattern. */
  readonly patterns: ReadonlyMap<string, readonly Deployment[]>
  readonly split?: SplitName | undefined
  /** How many pools are kept. Beyond that the least recently used idle ones are dropped, and their vitals with them. */
  readonly most: number
  /** Makes the pool of a name out of what the deployments of a pattern became for it. */
  readonly make: (name: string, deployments: readonly Deployment[], pattern: string) => Pool
  readonly ward: Ward
  readonly clock: Clock
}

/** The pools that wildcards became, each made when its name is first asked for. */
export class WildcardPools {
  readonly #parts: WildcardPoolsParts
  /** The longest pattern first. */
  readonly #wildcards: readonly Wildcard[]
  readonly #pools: BoundedMap<string, Pool>

  constructor(parts: WildcardPoolsParts) {
    this.#parts = parts
    this.#wildcards = sortWildcards(
      [...parts.patterns].map(([pattern, deployments]) => new Wildcard(pattern, deployments, parts.split)),
    )
    this.#pools = new BoundedMap(parts.most, pool => this.#forget(pool))
  }

  get patterns(): readonly string[] {
    return this.#wildcards.map(({ pattern }) => pattern)
  }

  /** Of the first pattern that takes the name; without `*`, which comes after everything else. */
  matched(name: string): Pool | undefined {
    return this.#matched(name, { catchAll: false })
  }

  /** Of the pattern `*`. */
  caught(name: string): Pool | undefined {
    return this.#matched(name, { catchAll: true })
  }

  /** `gpt-4o` of `openai/*`: the same pool as `openai/gpt-4o`. */
  prefixed(name: string): Pool | undefined {
    if (this.#wildcards.length === 0 || name.includes('/')) return undefined
    const split = this.#parts.split?.(name)
    return split && this.matched(`${split.provider}/${name}`)
  }

  /** Why a catch-all does not take a name that fits it, as a clause; undefined where there is none, or it does. */
  whyNot(name: string): string | undefined {
    for (const wildcard of this.#wildcards) {
      const why = wildcard.whyNot(name)
      if (why) return why
    }
    return undefined
  }

  #matched(name: string, { catchAll }: { readonly catchAll: boolean }): Pool | undefined {
    if (this.#wildcards.length === 0) return undefined
    const key = `${catchAll ? '*' : ''}\0${name}`
    const known = this.#pools.get(key)
    if (known) return known
    for (const wildcard of this.#wildcards) {
      if ((wildcard.pattern === '*') !== catchAll) continue
      const deployments = wildcard.materialise(name)
      if (!deployments) continue
      const pool = this.#parts.make(name, deployments, wildcard.pattern)
      this.#pools.set(key, pool)
      return pool
    }
    return undefined
  }

  /** A pool may go when nothing of it is in use; its vitals go with it. */
  #forget(pool: Pool): boolean {
    const now = this.#parts.clock.monotonic()
    const isIdle = pool.candidates.every(({ vitals }) => vitals.inFlight === 0 && vitals.isAvailable(now))
    if (isIdle) for (const { deployment } of pool.candidates) this.#parts.ward.forget(deployment.id)
    return isIdle
  }
}
