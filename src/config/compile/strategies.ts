import type { StrategyName, StrategySettings } from '../../core/settings.ts'
import { checkMembers } from '../check-keys.ts'
import type { Findings, Subject } from '../finding.ts'
import type { Honoured } from '../keys/entry.ts'
import * as value from '../keys/values.ts'
import { nearest } from '../near-miss.ts'
import { readValues } from '../read-values.ts'
import { own, type Section, type Value } from '../tree.ts'
import { type CompileContext, toMs } from './context.ts'

const NAMES: readonly StrategyName[] = [
  'simple-shuffle',
  'least-busy',
  'latency-based-routing',
  'cost-based-routing',
  'usage-based-routing',
  'usage-based-routing-v2',
]

const args = {
  ttl: [value.positiveSeconds, ''],
  lowest_latency_buffer: [value.amount, ''],
  max_latency_list_size: [value.positiveCount, ''],
} as const satisfies Record<string, Honoured>

/** The strategy of all pools, and those of single ones. */
export function compileStrategies(context: CompileContext): {
  readonly strategy: StrategySettings
  readonly poolStrategies: Readonly<Record<string, StrategySettings>>
} {
  const section = context.document.section('router_settings')
  const strategy = compileStrategy(section, context.findings)
  return { strategy, poolStrategies: compileGroups(section?.list('routing_groups'), context.findings) }
}

function compileStrategy(section: Section | undefined, findings: Findings): StrategySettings {
  const read = readValues(section?.section('routing_strategy_args'), args, findings)
  const name = own(section?.value, 'routing_strategy')
  return {
    name:
      section && name !== undefined
        ? strategyName(name, section.subject('routing_strategy'), findings)
        : 'simple-shuffle',
    lowestLatencyBuffer: read.lowest_latency_buffer ?? 0,
    maxLatencySamples: read.max_latency_list_size ?? 10,
    latencyTtlMs: toMs(read.ttl) ?? 3_600_000,
  }
}

function strategyName(name: Value, subject: Subject, findings: Findings): StrategyName {
  const known = NAMES.find(one => one === name)
  if (known) return known
  if (typeof name !== 'string') return 'simple-shuffle'
  const suggestion = nearest(name, NAMES)
  const message = name === 'lar1' ? 'is not available: its algorithm is unpublished' : `unknown strategy ${name}`
  findings.error(subject, message, suggestion === undefined ? {} : { suggestion })
  return 'simple-shuffle'
}

function compileGroups(
  list: Section<Value[]> | undefined,
  findings: Findings,
): Readonly<Record<string, StrategySettings>> {
  const strategies = new Map<string, StrategySettings>()
  list?.value.forEach((_, index) => {
    const group = list.section(index)
    if (group) compileGroup(group, strategies, findings)
    else findings.error(list.subject(index), 'expected a map with group_name, models and routing_strategy')
  })
  return Object.fromEntries(strategies)
}

function compileGroup(group: Section, strategies: Map<string, StrategySettings>, findings: Findings): void {
  checkMembers(group, GROUP_KEYS, findings)
  const strategy = compileStrategy(group, findings)
  for (const [model, subject] of modelsOf(group, findings)) {
    if (strategies.has(model)) findings.error(subject, `the pool ${model} is in two routing groups`)
    else strategies.set(model, strategy)
  }
}

const GROUP_KEYS = ['group_name', 'models', 'routing_strategy', 'routing_strategy_args', 'model_priorities']

function modelsOf(group: Section, findings: Findings): [string, Subject][] {
  const models = group.list('models')
  if (!models) findings.error(group.subject('models'), 'expected a list of pools')
  return (models?.value ?? []).flatMap((model, index): [string, Subject][] => {
    return typeof model === 'string' ? [[model, models?.subject(index) ?? { path: '' }]] : []
  })
}
