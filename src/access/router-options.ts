import type { CallOptions, Fallback, FallbackTable } from '../core/call.ts'
import type { Caller } from '../core/caller.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'

/**
 * What `router_settings` of a key and its team say of calls; the key's come first. Of LiteLLM's settings those count that
 * it applies at request time: fallbacks of the three kinds, `num_retries`, `timeout`.
 */
export function routerOptions(
  key: JsonObject | null | undefined,
  team: JsonObject | null | undefined,
): Pick<Caller, 'options' | 'fallbacks'> {
  const said: JsonObject = { ...team, ...key }
  const options: Partial<CallOptions> = {
    ...number('retries', said.num_retries, 1),
    ...number('timeoutMs', said.timeout, 1_000),
    ...number('firstTokenMs', said.stream_timeout, 1_000),
    ...number('maxFallbacks', said.max_fallbacks, 1),
    ...named('contextWindowFallbacks', fallbackTable(said.context_window_fallbacks)),
    ...named('contentPolicyFallbacks', fallbackTable(said.content_policy_fallbacks)),
  }
  return {
    ...(Object.keys(options).length > 0 && { options }),
    ...named('fallbacks', fallbackTable(said.fallbacks)),
  }
}

/** `[{pool: [targets]}]` as a table; undefined when there is nothing in it. */
function fallbackTable(value: Json | undefined): FallbackTable | undefined {
  if (!Array.isArray(value)) return undefined
  const table: Record<string, readonly Fallback[]> = Object.create(null)
  for (const entry of value) {
    if (!isObject(entry)) continue
    for (const [pool, targets] of Object.entries(entry)) table[pool] = targetsOf(targets)
  }
  return Object.keys(table).length > 0 ? table : undefined
}

function targetsOf(targets: Json | undefined): readonly Fallback[] {
  return (Array.isArray(targets) ? targets : [targets]).flatMap(target =>
    typeof target === 'string' && target !== '' ? [{ pool: target }] : [],
  )
}

function number<Name extends string>(name: Name, value: Json | undefined, factor: number): object {
  return typeof value === 'number' && value >= 0 ? { [name]: value * factor } : {}
}

function named<Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: Value }
}
