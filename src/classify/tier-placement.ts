import type { ComplexityAutoSettings, ComplexityTier } from '../core/auto-settings.ts'
import type { Random } from '../core/clock.ts'
import type { PoolFacts } from '../core/pool-facts.ts'
import type { Request } from '../core/request.ts'
import { COMPLEXITY_TIERS } from './complexity-settings.ts'
import { hasPicture } from './prompt-text.ts'

export interface PlacementOptions {
  readonly random: Random
  readonly factsOf: (pool: string) => PoolFacts
  /** About how many tokens the input of a request has. */
  readonly inputTokens: (request: Request) => number
}

/** Where a request of a tier goes. */
export interface Placed {
  readonly pool: string
  /** Why it is another tier than the one that was found. */
  readonly moved: string | undefined
}

/** What a pool must be able to do; undefined when nobody knows whether it can. */
interface Need {
  readonly what: string
  readonly meets: (pool: string) => boolean | undefined
}

/**
 * Finds the pool of a tier, or of none, which is the default pool. A pool of the tier itself that may hold the request
 * comes first; if every one of them is known not to, the lowest tier above is taken that is known to, then the nearest
 * one below. When nobody is known to, the tier keeps it: the upstream has the last word, and fallbacks come after it.
 */
export function placement(settings: ComplexityAutoSettings, { random, factsOf, inputTokens }: PlacementOptions) {
  const { tiers, defaultPool, windowShare, byModality } = settings
  const poolsOf = (tier: ComplexityTier) => tiers[tier] ?? []
  const everyone = [defaultPool, ...COMPLEXITY_TIERS.flatMap(poolsOf)]
  const pick = (pools: readonly string[]) => pools[Math.floor(random() * pools.length)]

  return function place(request: Request, tier: ComplexityTier | undefined): Placed {
    const home = tier === undefined || poolsOf(tier).length === 0 ? [defaultPool] : poolsOf(tier)
    const needs = needsOf(request)
    const able = home.filter(pool => needs.every(need => need.meets(pool) !== false))
    const atHome = pick(able)
    if (atHome !== undefined) return { pool: atHome, moved: undefined }
    for (const other of othersOf(tier)) {
      const pool = pick(poolsOf(other).filter(pool => needs.every(need => need.meets(pool) === true)))
      if (pool !== undefined)
        return { pool, moved: `moved to ${other} for ${needs.map(need => need.what).join(' and ')}` }
    }
    return { pool: pick(home) ?? defaultPool, moved: undefined }
  }

  function needsOf(request: Request): readonly Need[] {
    const needs: Need[] = []
    if (byModality && hasPicture(request)) {
      // Where somebody declared who sees, silence about the others counts as a no.
      const isDeclared = everyone.some(pool => factsOf(pool).sees === true)
      needs.push({ what: 'its pictures', meets: pool => factsOf(pool).sees ?? (isDeclared ? false : undefined) })
    }
    if (windowShare !== undefined) {
      const tokens = inputTokens(request)
      needs.push({
        what: `its ${tokens} tokens`,
        meets(pool) {
          const { window } = factsOf(pool)
          return window === undefined ? undefined : tokens <= window * windowShare
        },
      })
    }
    return needs
  }
}

/** The tiers above, from the nearest up, then those below, from the nearest down. */
function othersOf(tier: ComplexityTier | undefined): readonly ComplexityTier[] {
  const at = tier === undefined ? -1 : COMPLEXITY_TIERS.indexOf(tier)
  return [...COMPLEXITY_TIERS.slice(at + 1), ...COMPLEXITY_TIERS.slice(0, Math.max(at, 0)).reverse()]
}
