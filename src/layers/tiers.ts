import type { Call } from '../core/call.ts'
import type { Layer } from '../core/handler.ts'
import type { Pools } from '../pools/pools.ts'

/**
 * Turns a call to a name that stands for several pools in an order into one to the first of them, and names the others
 * as the places to go when that fails: a tiered pool has its cheap and its capable one, by estimated cost and rolling
 * latency, a group by priority its members.
 */
export const tiers =
  (pools: Pick<Pools, 'order'>): Layer =>
  next =>
    function tiers(call) {
      const choice = pools.order(call.pool, call)
      if (!choice) return next(call)
      const { first, rest, reason } = choice
      const fallbacks = [...(call.options.fallbacks ?? []), ...rest.map(pool => ({ pool, isPart: true }) as const)]
      const tiered: Call = {
        ...call,
        pool: first,
        tier: call.pool,
        because: reason,
        options: { ...call.options, fallbacks },
      }
      return next(tiered)
    }
