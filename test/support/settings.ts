import type { Deployment } from '../../src/core/deployment.ts'
import { usdToNano } from '../../src/core/money.ts'
import type { RoutingSettings } from '../../src/core/settings.ts'

type DeploymentDraft = Pick<Deployment, 'id' | 'pool' | 'baseUrl'> & Partial<Deployment>

/** A deployment with what tests rarely care about filled in: $1 per million input tokens, $2 per million output tokens. */
export function deployment(draft: DeploymentDraft): Deployment {
  return {
    provider: 'openai',
    model: `model-of-${draft.id}`,
    headers: {},
    defaults: {},
    parameters: { dropUnsupported: false, drop: [], allow: [] },
    selection: { tags: [], tagPatterns: [] },
    timeouts: {},
    health: {},
    price: { rates: { input: usdToNano(1), output: usdToNano(2) }, tiers: [], source: 'test' },
    limits: { supports: {} },
    info: {},
    ...draft,
  }
}

type SettingsDraft = Pick<RoutingSettings, 'deployments'> & {
  readonly [K in Exclude<keyof RoutingSettings, 'deployments'>]?: Partial<RoutingSettings[K]>
}

/** Settings with the documented defaults. */
export function routing(draft: SettingsDraft): RoutingSettings {
  return {
    aliases: {},
    poolStrategies: {},
    tiers: {},
    auto: {},
    ...draft,
    strategy: {
      name: 'simple-shuffle',
      lowestLatencyBuffer: 0,
      maxLatencySamples: 10,
      latencyTtlMs: 3_600_000,
      ...draft.strategy,
    },
    retries: {
      count: 2,
      minimumWaitMs: 0,
      poolPolicies: {},
      maxAttempts: 10,
      weightedFailover: false,
      ...draft.retries,
    },
    cooldown: { restMs: 5_000, disabled: false, ...draft.cooldown },
    timeouts: { attemptMs: 600_000, connectMs: 10_000, idleMs: 60_000, callMs: 600_000, ...draft.timeouts },
    fallbacks: { general: {}, contextWindow: {}, contentPolicy: {}, max: 5, ...draft.fallbacks },
    checks: { enabled: false, enforceRateLimits: false, ...draft.checks },
    tags: { enabled: false, matchAny: true, prefix: '', ...draft.tags },
    affinity: { bySession: false, byKey: false, byPromptCache: false, ttlMs: 3_600_000, pools: {}, ...draft.affinity },
  } as RoutingSettings
}
