import type { Caller, RateLimit } from './core/caller.ts'
import type { Layer } from './core/handler.ts'
import { limits } from './layers/limits.ts'
import { configuredPool } from './pools/configured-pool.ts'
import { expectedOutputTokens } from './prices/estimate.ts'
import type { Names } from './router-books.ts'
import type { Limiter } from './state/limiter.ts'

/** Who counts requests and tokens, and what every call is counted by. */
export interface Counting {
  readonly limiter: Limiter
  readonly always: readonly RateLimit[]
}

/** The layer that counts calls, by the limits of their callers and of all. */
export function counting({ limiter, always }: Counting, { poolFor, inputTokenBounds }: Names): Layer {
  // One list per caller, who is the same object while nothing about the key changes.
  const lists = new WeakMap<Caller, readonly RateLimit[]>()
  const listOf = (caller: Caller) => {
    const list = lists.get(caller) ?? [...caller.limits, ...always]
    lists.set(caller, list)
    return list
  }
  return limits({
    limiter,
    limitsOf: ({ options: { caller } }) => (caller ? (always.length === 0 ? caller.limits : listOf(caller)) : always),
    poolOf: call => configuredPool(poolFor(call.pool, call)),
    inputTokens: request => inputTokenBounds(request).likely,
    outputTokens: expectedOutputTokens,
  })
}
