import type { Caller, PoolGrant } from './caller.ts'
import { Failure } from './failure.ts'

/**
 * The level that keeps the caller from a pool; undefined: it may use it. Who may use what an alias stands for may use the
 * alias, as in LiteLLM.
 * @param target what the name stands for. Default: itself.
 */
export function whoForbids({ pools }: Pick<Caller, 'pools'>, pool: string, target = pool): PoolGrant | undefined {
  return pools?.find(grant => !grant.pools.some(name => covers(name, pool) || covers(name, target)))
}

/** Whether no level keeps the caller from a pool. */
export function mayUse(caller: Pick<Caller, 'pools'>, pool: string): boolean {
  return whoForbids(caller, pool) === undefined
}

/** Whether a granted name (`*` in it stands for any text) holds a pool, or all that another such name holds. */
export function covers(grant: string, pool: string): boolean {
  if (grant === pool || grant === '*') return true
  if (!grant.includes('*')) return false
  const [first = '', ...rest] = grant.split('*')
  const last = rest.pop() ?? ''
  if (!pool.startsWith(first)) return false
  let from = first.length
  for (const part of rest) {
    const at = pool.indexOf(part, from)
    if (at < 0) return false
    from = at + part.length
  }
  return pool.length - last.length >= from && pool.endsWith(last)
}

/** Says what the caller may use instead. */
export function poolForbidden({ level, pools }: PoolGrant, pool: string): Failure {
  const whose = level === 'organization' ? 'organization' : level
  const said = pools.length === 0 ? 'none' : pools.slice(0, 20).join(', ') + (pools.length > 20 ? ', ...' : '')
  return new Failure('forbidden', `this ${whose} may not use '${pool.slice(0, 100)}'; it may use: ${said}`, {
    code: `${level === 'organization' ? 'org' : level}_model_access_denied`,
    param: 'model',
  })
}
