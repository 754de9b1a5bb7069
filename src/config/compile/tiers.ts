import type { AutoSettings } from '../../core/auto-settings.ts'
import { usdToNano } from '../../core/money.ts'
import type { TierSettings } from '../../core/settings.ts'
import { checkMembers } from '../check-keys.ts'
import type { Findings } from '../finding.ts'
import { type TierValues, tollgateHonoured } from '../keys/tollgate.ts'
import { readValues } from '../read-values.ts'
import { own, type Section } from '../tree.ts'
import { defined, toMs } from './context.ts'
import type { Leads } from './leads.ts'

const DEFAULT_POOL = 'auto'

/** Names of `tollgate_settings.routing` that stand for a cheap pool and a capable one. */
export function tierNames(routing: Section | undefined): readonly string[] {
  const names = Object.keys(routing?.section('tiers')?.value ?? {})
  return hasSimpleTier(routing) ? [...names, simplePool(routing)] : names
}

/** Names of `tollgate_settings.routing` that choose by the prompt. */
export function autoNames(routing: Section | undefined): readonly string[] {
  return Object.keys(routing?.section('auto')?.value ?? {})
}

/** Pools that choose by cost and latency: those under `tiers`, and the one written beside it. */
export function compileTiers(
  routing: Section | undefined,
  leads: Leads,
  findings: Findings,
): Readonly<Record<string, TierSettings>> {
  const tiers = new Map<string, TierSettings>()
  const named = routing?.section('tiers')
  for (const pool of Object.keys(named?.value ?? {})) {
    const section = named?.section(pool)
    if (!section) continue
    checkMembers(section, Object.keys(tollgateHonoured.tier), findings)
    const tier = compileTier(section, leads, findings)
    if (tier) tiers.set(pool, tier)
  }
  if (routing && hasSimpleTier(routing)) {
    const tier = compileTier(routing, leads, findings)
    if (tier) tiers.set(simplePool(routing), tier)
    if (Object.hasOwn(routing.section('auto')?.value ?? {}, simplePool(routing))) {
      findings.error(
        routing.subject('auto'),
        `the pool ${simplePool(routing)} is described twice: name the other one by pool`,
      )
    }
  }
  return Object.fromEntries(tiers)
}

function hasSimpleTier(routing: Section | undefined): boolean {
  return Object.keys(tollgateHonoured.tier).some(key => own(routing?.value, key) !== undefined)
}

function simplePool(routing: Section | undefined): string {
  const name = own(routing?.value, 'pool')
  return typeof name === 'string' && name ? name : DEFAULT_POOL
}

function compileTier(section: Section, leads: Leads, findings: Findings): TierSettings | undefined {
  const values: TierValues = readValues(section, tollgateHonoured.tier, findings)
  for (const key of ['cheap', 'capable'] as const) {
    const pool = values[key]
    if (pool === undefined) {
      findings.error(section.missing(key), 'is required: the name of a pool')
      continue
    }
    const problem = leads.problem(pool, 'tier')
    if (problem !== undefined) findings.report(section.subject(key), problem)
  }
  if (values.cheap === undefined || values.capable === undefined) return undefined
  return {
    cheap: values.cheap,
    capable: values.capable,
    costThreshold: usdToNano(values.cost_threshold_usd ?? 0.001),
    assumedOutputTokens: values.assumed_output_tokens ?? 256,
    ...defined({ latencyThresholdMs: values.latency_threshold_ms }),
  }
}

/** Pools that choose by what the prompt is about. */
export function compileAuto(
  routing: Section | undefined,
  leads: Leads,
  findings: Findings,
): Readonly<Record<string, AutoSettings>> {
  const auto = new Map<string, AutoSettings>()
  const named = routing?.section('auto')
  for (const pool of Object.keys(named?.value ?? {})) {
    const section = named?.section(pool)
    if (!section) continue
    checkMembers(section, Object.keys(tollgateHonoured.auto), findings)
    const values = readValues(section, tollgateHonoured.auto, findings)
    checkTasks(section, leads, findings)
    auto.set(pool, {
      by: 'task',
      pools: values.pools ?? {},
      classifierTimeoutMs: toMs(values.classifier_timeout) ?? 10_000,
      keywords: values.keywords ?? {},
      ...defined({ classifierPool: values.classifier_pool }),
    })
  }
  return Object.fromEntries(auto)
}

function checkTasks(section: Section, leads: Leads, findings: Findings): void {
  const tasks = section.section('pools')
  if (!tasks) findings.error(section.missing('pools'), 'is required: {default: pool, ...}')
  else if (!Object.hasOwn(tasks.value, 'default')) findings.error(section.subject('pools'), 'needs a pool for default')
  const look = (inner: Section | undefined, key: string) => {
    const pool = own(inner?.value, key)
    const problem = typeof pool === 'string' ? leads.problem(pool, 'auto') : undefined
    if (inner && problem !== undefined) findings.report(inner.subject(key), problem)
  }
  for (const task of Object.keys(tasks?.value ?? {})) look(tasks, task)
  look(section, 'classifier_pool')
}
