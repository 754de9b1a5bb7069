import type { Call } from '../core/call.ts'
import type { Layer } from '../core/handler.ts'
import type { Pools } from '../pools/pools.ts'

/**
 * Turns a call to a tiered pool into one to its cheap or its capable pool, by estimated cost and rolling latency, and
 * names the other one as the place to go when that fails.
 */
export const tiers =
  (pools: Pick<Pools, 'tier'>): Layer =>
  next =>
    function tiers(call) {
      const choice = pools.tier(call.pool, call)
      if (!choice) return next(call)
      const { first, second, reason } = choice
      const fallbacks = [...(call.options.fallbacks ?? []), { pool: second }]
      const tiered: Call = {
        ...call,
        pool: first,
        tier: call.pool,
        because: reason,
        options: { ...call.options, fallbacks },
      }
      return next(tiered)
    }
