import { Failure } from '../core/failure.ts'
import { remembered } from '../core/remembered.ts'
import type { Pool } from './pool.ts'

/**
 * The pool of the configuration whose deployments all of these are, else its own name: an alias, a deployment's id and the
 * name of a model are other names for one. Undefined: there is none.
 */
export const configuredPool = remembered((pool: Pool | Failure): string | undefined => {
  if (pool instanceof Failure) return undefined
  const [first, ...others] = new Set(pool.candidates.map(({ deployment }) => deployment.pool))
  return others.length === 0 ? first : pool.name
})
