import type { Call, Fallback, FallbackTable } from '../core/call.ts'
import type { Failure } from '../core/failure.ts'
import type { FallbackSettings } from '../core/settings.ts'

interface Why {
  readonly failure: Failure
  readonly settings: FallbackSettings
}

/**
 * The pools to try when `pool` has failed, in order. A refusal for content goes only where the operator said so; a
 * context that is too long goes to the pools for that, and without one to the general ones. The caller's own fallbacks
 * come before the configured ones, at the pool that was asked for.
 */
export function fallbacksFor(call: Call, pool: string, { failure, settings }: Why): readonly Fallback[] {
  const { options } = call
  if (options.disableFallbacks || (!failure.verdict.again && !isNobodyLeft(failure))) return []
  if (failure.kind === 'content_refused')
    return lookUp(pool, options.contentPolicyFallbacks, settings.contentPolicy) ?? []
  const own = pool === call.pool ? options.fallbacks : undefined
  const special =
    failure.kind === 'context_too_long'
      ? lookUp(pool, options.contextWindowFallbacks, settings.contextWindow)
      : undefined
  const general = special ?? lookUp(pool, undefined, settings.general) ?? []
  return own ? [...own, ...general] : general
}

/** Whether a refusal by the provider's filter has somewhere to go. */
export function hasContentFallback(call: Call, settings: FallbackSettings): boolean {
  const { options, pool } = call
  if (options.disableFallbacks) return false
  return (lookUp(pool, options.contentPolicyFallbacks, settings.contentPolicy)?.length ?? 0) > 0
}

function isNobodyLeft(failure: Failure): boolean {
  return failure.kind === 'unavailable' || failure.kind === 'limited' || failure.kind === 'unknown_model'
}

/** An exact match, then the name without or under its provider prefix, then `*`. A matched chain is final. */
function lookUp(
  pool: string,
  own: FallbackTable | undefined,
  configured: FallbackTable,
): readonly Fallback[] | undefined {
  return find(pool, own) ?? find(pool, configured) ?? own?.['*'] ?? configured['*']
}

function find(pool: string, table: FallbackTable | undefined): readonly Fallback[] | undefined {
  if (!table) return undefined
  if (Object.hasOwn(table, pool)) return table[pool]
  const bare = pool.slice(pool.indexOf('/') + 1)
  if (bare !== pool) return Object.hasOwn(table, bare) ? table[bare] : undefined
  for (const name in table) if (name.endsWith(`/${pool}`)) return table[name]
  return undefined
}
