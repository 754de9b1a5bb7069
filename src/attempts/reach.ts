import type { Call } from '../core/call.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { FallbackSettings } from '../core/settings.ts'
import type { Pool } from '../pools/pool.ts'
import { allFallbacks } from './fallbacks.ts'

export interface ReachOptions {
  readonly poolFor: (name: string, call: Call) => Pool | Failure
  readonly fallbacks: FallbackSettings
}

/** The deployments that the plan of a call may come to, by retries and by fallbacks of whatever kind. */
export function reachOf(call: Call, { poolFor, fallbacks }: ReachOptions): ReadonlySet<Deployment> {
  const found = new Set<Deployment>()
  const seen = new Set<string>()
  const open = [call.pool]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    const pool = poolFor(name, call)
    if (!(pool instanceof Failure)) for (const { deployment } of pool.candidates) found.add(deployment)
    const resolved = pool instanceof Failure ? undefined : pool.name
    for (const next of allFallbacks(call, name, { settings: fallbacks, resolved })) open.push(next.pool)
  }
  return found
}
