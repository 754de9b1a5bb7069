import type { StrategyName, StrategySettings } from '../../core/settings.ts'
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

/** The strategy of pools that have none of their own. */
export function compileGeneralStrategy({ document, findings }: CompileContext): StrategySettings {
  const section = document.section('router_settings')
  if (section && own(section.value, 'routing_strategy') === 'priority') {
    findings.error(section.subject('routing_strategy'), 'priority is for routing_groups alone')
  }
  return compileStrategy(section, findings)
}

/** `routing_strategy` and `routing_strategy_args`, as they stand in a section. */
export function compileStrategy(section: Section | undefined, findings: Findings): StrategySettings {
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
  // Said where it is meant for.
  if (typeof name !== 'string' || name === 'priority') return 'simple-shuffle'
  const suggestion = nearest(name, NAMES)
  const message = name === 'lar1' ? 'is not available: its algorithm is unpublished' : `unknown strategy ${name}`
  findings.error(subject, message, suggestion === undefined ? {} : { suggestion })
  return 'simple-shuffle'
}
