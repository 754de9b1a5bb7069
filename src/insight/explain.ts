import { fallbacksFor } from '../attempts/fallbacks.ts'
import type { Call } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import type { Layer } from '../core/handler.ts'
import type { FallbackSettings } from '../core/settings.ts'
import type { Pool } from '../pools/pool.ts'
import type { Explanation } from './explanation.ts'

export interface ExplainParts {
  /** The layers of the call level that choose its pool. */
  readonly choosePool: Layer
  readonly poolFor: (name: string, call: Call) => Pool | Failure
  readonly fallbacks: FallbackSettings
}

/** Takes a call the way that it would go, up to the choice of a deployment, and stops there. */
export async function explainCall(call: Call, { choosePool, poolFor, fallbacks }: ExplainParts): Promise<Explanation> {
  const arrived = await arrival(call, choosePool)
  const pool = poolFor(arrived.pool, arrived)
  if (pool instanceof Failure) throw pool
  const choice = pool.choose(arrived, {
    explain: true,
    ...(arrived.because !== undefined && { because: arrived.because }),
  })
  const failure = new Failure('upstream_error', 'as it would be if the pool failed')
  const next = fallbacksFor(arrived, arrived.pool, { failure, settings: fallbacks, resolved: pool.name })
  return {
    call: arrived,
    decision: 'decision' in choice ? choice.decision : choice.failure,
    // A pool is tried once, though the tiers and the configuration may both name it.
    fallbacks: [...new Set(next.map(fallback => fallback.pool))],
  }
}

/** The call as it comes out of the layers, which are stopped before anything is dialled. */
async function arrival(call: Call, choosePool: Layer): Promise<Call> {
  let arrived = call
  const stopped = new Failure('internal', 'an explanation dials nobody')
  const walk = choosePool(reached => {
    arrived = reached
    return Promise.reject(stopped)
  })
  try {
    await walk(call)
  } catch (error) {
    if (error !== stopped) throw error
  }
  return arrived
}
