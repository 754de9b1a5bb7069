import { splitModel } from '../../providers/model-name.ts'
import { aliasTargets } from './aliases.ts'
import { poolOf } from './auto-routers.ts'
import type { CompileContext } from './context.ts'
import type { Resolves } from './fallbacks.ts'
import { groupNames } from './groups.ts'
import type { Pools } from './pools.ts'
import { autoNames, tierNames } from './tiers.ts'

/** Who leads to a pool by another name. */
type From = 'alias' | 'auto' | 'tier'

/** Where names lead. */
export interface Leads {
  /** Whether there is anything of that name. */
  readonly resolves: Resolves
  /** Why a name leads nobody to a deployment who comes from there; undefined when it does. */
  readonly problem: (name: string, from: From) => string | undefined
}

/**
 * Names that lead somewhere: pools, patterns, ids, the models themselves, aliases, tiers and automatic choices. What was left
 * out counts: of a pool without keys is told once, and not again wherever its name stands.
 */
export function leadsOf(context: CompileContext, { deployments, leftOut, autoRouters }: Pools): Leads {
  const routing = context.document.section('tollgate_settings')?.section('routing')
  const real = new Set([
    ...deployments.flatMap(one => [one.pool, one.id, `${one.provider}/${one.model}`]),
    ...leftOut.flatMap(one => [one.pool, one.model]),
  ])
  const patterns = [...deployments, ...leftOut].filter(one => one.pool.includes('*')).map(one => patternOf(one.pool))
  const isTaken = (name: string) => patterns.some(pattern => pattern.test(name))
  const isReal: Resolves = name => real.has(name) || isTaken(name) || isTaken(prefixed(name))
  const aliases = aliasTargets(context)
  const auto = new Set([...autoNames(routing), ...autoRouters.map(poolOf)])
  const tiers = new Set(tierNames(routing))
  const groups = new Set(groupNames(context))
  const resolves: Resolves = name =>
    isReal(name) || aliases.has(name) || auto.has(name) || tiers.has(name) || groups.has(name)
  return {
    resolves,
    problem(name, from) {
      if (!resolves(name)) return `no pool is called ${name}`
      if (isReal(name)) return undefined
      if (from === 'alias')
        return aliases.has(name) ? `${name} is another name itself: give that of its pool` : undefined
      const target = aliases.get(name) ?? name
      if (isReal(target) || groups.has(target)) return undefined
      if (auto.has(target)) return `${name} chooses by the prompt, which is done once and first: give a pool`
      return from === 'tier' && tiers.has(target) ? `${name} chooses among pools itself: give one of them` : undefined
    },
  }
}

/** A bare name that everybody knows, under its provider's prefix: a wildcard may take it so. */
function prefixed(name: string): string {
  const provider = name.includes('/') ? undefined : splitModel(name)?.provider
  return provider === undefined ? name : `${provider}/${name}`
}

function patternOf(pool: string): RegExp {
  const parts = pool.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}
