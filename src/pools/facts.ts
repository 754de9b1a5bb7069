import type { PoolFacts } from '../core/pool-facts.ts'
import type { Pool } from './pool.ts'

/** Of a pool that does not exist, nothing is known. */
export function factsOf(pool: Pick<Pool, 'candidates'> | undefined): PoolFacts {
  const limits = (pool?.candidates ?? []).map(({ deployment }) => deployment.limits)
  const windows = limits.flatMap(({ maxInputTokens }) => maxInputTokens ?? [])
  const sights = limits.map(({ supports }) => supports.vision)
  return {
    window: windows.length > 0 ? Math.min(...windows) : undefined,
    sees: sights.includes(false) ? false : sights.length > 0 && sights.every(Boolean) ? true : undefined,
  }
}
