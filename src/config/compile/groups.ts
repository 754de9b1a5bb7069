import type { Deployment } from '../../core/deployment.ts'
import type { GroupSettings, RoutingSettings, StrategySettings } from '../../core/settings.ts'
import { checkMembers } from '../check-keys.ts'
import type { Findings, Subject } from '../finding.ts'
import { count } from '../keys/values.ts'
import { own, type Section } from '../tree.ts'
import type { CompileContext } from './context.ts'
import type { Resolves } from './fallbacks.ts'
import { compileStrategy } from './strategies.ts'

/** What groups can be made of. */
export interface Known {
  readonly deployments: readonly Deployment[]
  readonly resolves: Resolves
}

const GROUP_KEYS = ['group_name', 'models', 'routing_strategy', 'routing_strategy_args', 'model_priorities']

/** The names of groups, which can be asked for like pools, before anybody asks whether they lead anywhere. */
export function groupNames({ document }: Pick<CompileContext, 'document'>): readonly string[] {
  const list = document.section('router_settings')?.list('routing_groups')
  return (list?.value ?? []).flatMap((_, index) => {
    const name = own(list?.section(index)?.value, 'group_name')
    return typeof name === 'string' ? [name] : []
  })
}

/**
 * `routing_groups`. A group with a strategy gives it to each of its pools, and its name is a pool of all of them. A group
 * by priority leaves its pools as they are; its name tries one after the other.
 */
export function compileGroups(
  { document, findings }: CompileContext,
  known: Known,
): Pick<RoutingSettings, 'poolStrategies' | 'groups'> {
  const list = document.section('router_settings')?.list('routing_groups')
  const made: Made = { strategies: new Map(), groups: new Map() }
  list?.value.forEach((_, index) => {
    const group = list.section(index)
    if (group) compileGroup(group, made, { ...known, findings })
    else findings.error(list.subject(index), 'expected a map with group_name, models and routing_strategy')
  })
  return { poolStrategies: Object.fromEntries(made.strategies), groups: Object.fromEntries(made.groups) }
}

interface Made {
  readonly strategies: Map<string, StrategySettings>
  readonly groups: Map<string, GroupSettings>
}

type Parts = Known & { readonly findings: Findings }

function compileGroup(group: Section, { strategies, groups }: Made, parts: Parts): void {
  const { findings } = parts
  checkMembers(group, GROUP_KEYS, findings)
  const models = modelsOf(group, parts)
  const pools = models.map(([model]) => model)
  const isByPriority = own(group.value, 'routing_strategy') === 'priority'
  const strategy = compileStrategy(group, findings)
  for (const [model, subject] of isByPriority ? [] : models) {
    if (strategies.has(model)) findings.error(subject, `the pool ${model} is in two routing groups`)
    else strategies.set(model, strategy)
  }
  const name = nameOf(group, isByPriority, parts)
  if (name === undefined) return
  if (groups.has(name)) findings.error(group.subject('group_name'), `the group ${name} is described twice`)
  groups.set(
    name,
    isByPriority ? { by: 'priority', ranks: ranksOf(group, pools, findings) } : { by: 'strategy', pools, strategy },
  )
}

/** Undefined when the group cannot be asked for: nameless, or the name is a pool's, which answers to it. */
function nameOf(group: Section, isByPriority: boolean, { deployments, findings }: Parts): string | undefined {
  const name = own(group.value, 'group_name')
  const subject = name === undefined ? group.missing('group_name') : group.subject('group_name')
  if (name === 'default') findings.error(subject, 'default is reserved')
  else if (typeof name === 'string' && !deployments.some(one => one.pool === name)) return name
  else if (isByPriority)
    findings.error(subject, 'is required: a name that no pool has, by which calls ask for the group')
  return undefined
}

/** The pools of each priority, the lowest number first; those without one come last. */
function ranksOf(group: Section, pools: readonly string[], findings: Findings): readonly (readonly string[])[] {
  const given = group.section('model_priorities')
  if (!given) findings.error(group.missing('model_priorities'), 'is required: {pool: 1, other: 2}')
  for (const pool of Object.keys(given?.value ?? {}))
    if (given && !pools.includes(pool)) findings.report(given.subject(pool), `the pool ${pool} is not in the group`)
  const ranks = new Map<number, string[]>()
  for (const pool of new Set(pools)) {
    const read = count.safeParse(own(given?.value, pool))
    if (!read.success && given) {
      const subject = own(given.value, pool) === undefined ? group.subject('model_priorities') : given.subject(pool)
      findings.report(subject, `${pool} has no priority (a whole number), so it comes last`)
    }
    const rank = read.data ?? Number.POSITIVE_INFINITY
    ranks.set(rank, [...(ranks.get(rank) ?? []), pool])
  }
  return [...ranks].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, members]) => members)
}

function modelsOf(group: Section, { resolves, findings }: Parts): readonly [string, Subject][] {
  const models = group.list('models')
  if (!models) findings.error(group.subject('models'), 'expected a list of pools')
  return (models?.value ?? []).flatMap((model, index): [string, Subject][] => {
    const subject = models?.subject(index) ?? { path: '' }
    if (typeof model !== 'string') return []
    if (!resolves(model)) findings.report(subject, `no pool is called ${model}`)
    return [[model, subject]]
  })
}
