import type { Call, Fallback, FallbackTable } from '../core/call.ts'
import type { Failure } from '../core/failure.ts'
import { mayUse } from '../core/may-use.ts'
import type { FallbackSettings } from '../core/settings.ts'

interface Why {
  readonly failure: Failure
  readonly settings: FallbackSettings
  /** The pool's own name, when it was asked for by another one (an alias). */
  readonly resolved?: string | undefined
}

/**
 * The pools to try when `pool` has failed, in order. A refusal for content goes only where the operator said so; a
 * context that is too long goes to the pools for that, and without one to the general ones. The caller's own fallbacks
 * come before the configured ones, at the pool that was asked for.
 */
export function fallbacksFor(
  call: Call,
  pool: string,
  { failure, settings, resolved = pool }: Why,
): readonly Fallback[] {
  const { options } = call
  if (options.disableFallbacks || (!failure.verdict.again && !isNobodyLeft(failure))) return []
  const isFirst = pool === call.pool
  const names = [pool, resolved, ...(isFirst ? namesAskedFor(call) : [])]
  if (failure.kind === 'content_refused')
    return allowed(call, lookUp(names, options.contentPolicyFallbacks, settings.contentPolicy))
  const own = isFirst ? options.fallbacks : undefined
  const special =
    failure.kind === 'context_too_long'
      ? lookUp(names, options.contextWindowFallbacks, settings.contextWindow)
      : undefined
  const general = special ?? lookUp(names, undefined, settings.general) ?? []
  return allowed(call, own ? [...own, ...general] : general)
}

/** A pool that the caller may not ask for is no place to go either, whoever named it. */
function allowed({ purpose, options }: Call, fallbacks: readonly Fallback[] = []): readonly Fallback[] {
  const { caller } = options
  if (!caller?.pools || purpose === 'classify') return fallbacks
  return fallbacks.filter(fallback => fallback.isPart || mayUse(caller, fallback.pool))
}

/** Names of the pools that the configuration has for any call whose pool, by any of its names, fails. */
export function configuredFallbacks(names: readonly string[], table: FallbackTable): readonly string[] {
  return (lookUp(names, undefined, table) ?? []).map(({ pool }) => pool)
}

/** All the pools that `pool` may give way to, for whatever reason. */
export function allFallbacks(
  call: Call,
  pool: string,
  { settings, resolved = pool }: Omit<Why, 'failure'>,
): readonly Fallback[] {
  const { options } = call
  if (options.disableFallbacks) return []
  const isFirst = pool === call.pool
  const names = [pool, resolved, ...(isFirst ? namesAskedFor(call) : [])]
  return [
    ...((isFirst && options.fallbacks) || []),
    ...(lookUp(names, undefined, settings.general) ?? []),
    ...(lookUp(names, options.contextWindowFallbacks, settings.contextWindow) ?? []),
    ...(lookUp(names, options.contentPolicyFallbacks, settings.contentPolicy) ?? []),
  ]
}

/** Whether a refusal of this attempt by the provider's filter has somewhere to go. */
export function hasContentFallback(attempt: Call, settings: FallbackSettings): boolean {
  const { options, pool, record } = attempt
  if (options.disableFallbacks) return false
  const names = [pool, ...(record.fallbacks === 0 ? namesAskedFor(attempt) : [])]
  return allowed(attempt, lookUp(names, options.contentPolicyFallbacks, settings.contentPolicy)).length > 0
}

/** Names under which the first pool was come by: what is configured for `auto` or a tiered pool holds for its choice. */
function namesAskedFor({ purpose, tier, record }: Call): readonly string[] {
  if (purpose !== 'answer') return []
  return tier === undefined ? [record.requestedPool] : [tier, record.requestedPool]
}

function isNobodyLeft(failure: Failure): boolean {
  return failure.kind === 'unavailable' || failure.kind === 'limited' || failure.kind === 'unknown_model'
}

/**
 * For each name in turn an exact match, then the name without or under its provider prefix; at last `*`. A matched chain
 * is final.
 */
function lookUp(
  names: readonly string[],
  own: FallbackTable | undefined,
  configured: FallbackTable,
): readonly Fallback[] | undefined {
  for (const name of names) {
    const found = find(name, own) ?? find(name, configured)
    if (found) return found
  }
  return own?.['*'] ?? configured['*']
}

function find(pool: string, table: FallbackTable | undefined): readonly Fallback[] | undefined {
  if (!table) return undefined
  if (Object.hasOwn(table, pool)) return table[pool]
  const bare = pool.slice(pool.indexOf('/') + 1)
  if (bare !== pool) return Object.hasOwn(table, bare) ? table[bare] : undefined
  for (const name in table) if (name.endsWith(`/${pool}`)) return table[name]
  return undefined
}
