import type { AutoSettings } from '../../core/auto-settings.ts'
import { usdToNano } from '../../core/money.ts'
import type { TierSettings } from '../../core/settings.ts'
import { checkMembers } from '../check-keys.ts'
import type { Findings } from '../finding.ts'
import { type TierValues, tollgateHonoured } from '../keys/tollgate.ts'
import { readValues } from '../read-values.ts'
import { own, type Section } from '../tree.ts'
import { defined, toMs } from './context.ts'
import type { Resolves } from './fallbacks.ts'

const DEFAULT_POOL = 'auto'

/** `tollgate_settings.routing`, whose names count as pools. */
export function choosingPools(routing: Section | undefined): readonly string[] {
  const names = [routing?.section('tiers'), routing?.section('auto')].flatMap(one => Object.keys(one?.value ?? {}))
  return hasSimpleTier(routing) ? [...names, simplePool(routing)] : names
}

/** Pools that choose by cost and latency: those under `tiers`, and the one written beside it. */
export function compileTiers(
  routing: Section | undefined,
  resolves: Resolves,
  findings: Findings,
): Readonly<Record<string, TierSettings>> {
  const tiers = new Map<string, TierSettings>()
  const named = routing?.section('tiers')
  for (const pool of Object.keys(named?.value ?? {})) {
    const section = named?.section(pool)
    if (!section) continue
    checkMembers(section, Object.keys(tollgateHonoured.tier), findings)
    const tier = compileTier(section, resolves, findings)
    if (tier) tiers.set(pool, tier)
  }
  if (routing && hasSimpleTier(routing)) {
    const tier = compileTier(routing, resolves, findings)
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

function compileTier(section: Section, resolves: Resolves, findings: Findings): TierSettings | undefined {
  const values: TierValues = readValues(section, tollgateHonoured.tier, findings)
  for (const key of ['cheap', 'capable'] as const) {
    const pool = values[key]
    if (pool === undefined) findings.error({ path: `${section.path}.${key}` }, 'is required: the name of a pool')
    else if (!resolves(pool)) findings.report(section.subject(key), `no pool is called ${pool}`)
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
  resolves: Resolves,
  findings: Findings,
): Readonly<Record<string, AutoSettings>> {
  const auto = new Map<string, AutoSettings>()
  const named = routing?.section('auto')
  for (const pool of Object.keys(named?.value ?? {})) {
    const section = named?.section(pool)
    if (!section) continue
    checkMembers(section, Object.keys(tollgateHonoured.auto), findings)
    const values = readValues(section, tollgateHonoured.auto, findings)
    checkTasks(section, resolves, findings)
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

function checkTasks(section: Section, resolves: Resolves, findings: Findings): void {
  const tasks = section.section('pools')
  if (!tasks) findings.error({ path: `${section.path}.pools` }, 'is required: {default: pool, ...}')
  else if (!Object.hasOwn(tasks.value, 'default')) findings.error(section.subject('pools'), 'needs a pool for default')
  for (const [task, pool] of Object.entries(tasks?.value ?? {})) {
    if (tasks && typeof pool === 'string' && !resolves(pool)) {
      findings.report(tasks.subject(task), `no pool is called ${pool}`)
    }
  }
  const classifier = own(section.value, 'classifier_pool')
  if (typeof classifier === 'string' && !resolves(classifier)) {
    findings.report(section.subject('classifier_pool'), `no pool is called ${classifier}`)
  }
}
