import type { End } from '../core/answer.ts'
import type { Attempt, Call, CallOptions } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import type { Clock } from '../core/clock.ts'
import type { Deployment, Estimate } from '../core/deployment.ts'
import type { Event } from '../core/event.ts'
import type { JsonObject } from '../core/json.ts'
import type { RateCard } from '../core/price.ts'
import type { RoutingSettings, StrategySettings } from '../core/settings.ts'
import { Changes } from './changes.ts'
import type { TokenBounds } from './filters/filter.ts'
import type { Candidate } from './strategy.ts'
import type { Vitals } from './vitals.ts'

// What the tests of this folder are made of.

export interface DeploymentParts extends Partial<Omit<Deployment, 'selection' | 'health'>> {
  readonly selection?: Partial<Deployment['selection']>
  readonly health?: Deployment['health']
}

/** A deployment of pool `pool` that nothing is known of. */
export function deploymentOf(id: string, { selection, ...parts }: DeploymentParts = {}): Deployment {
  return {
    id,
    pool: 'pool',
    provider: 'openai',
    model: `model-${id}`,
    baseUrl: 'http://127.0.0.1:1',
    headers: {},
    defaults: {},
    parameters: { dropUnsupported: false, drop: [], allow: [] },
    selection: { tags: [], tagPatterns: [], ...selection },
    timeouts: {},
    health: {},
    price: priceOf(parts.info),
    limits: { supports: {} },
    info: {},
    ...parts,
  }
}

/** What tells apart deployments that `estimateOf` finds to cost different amounts. */
function priceOf({ cost }: Deployment['info'] = {}): RateCard | undefined {
  if (cost === undefined) return undefined
  return { rates: { input: BigInt(Number(cost)), output: 0n }, tiers: [], source: 'test' }
}

export interface CallParts {
  readonly options?: CallOptions
  readonly body?: JsonObject
  readonly streamed?: boolean
  readonly events?: Event[]
}

export function callOf({ options = {}, body = {}, streamed = false, events = [] }: CallParts = {}): Call {
  return {
    id: 'call',
    pool: 'pool',
    request: { operation: 'chat', body, streamed },
    options,
    cancellation: new Cancellation(),
    deadline: 1e9,
    record: {
      startedAt: 0,
      start: 0,
      requestedPool: 'pool',
      attempts: [],
      decisions: [],
      fallbacks: 0,
      cost: 0n,
      unpriced: false,
    },
    emit: event => events.push(event),
    purpose: 'answer',
  }
}

/** An attempt of a call, started now. */
export function attemptOf(deployment: Deployment, clock: Clock, call: Call = callOf()): Attempt {
  const start = clock.monotonic()
  const attempt = { id: 'call-1', number: 1, purpose: call.purpose, deployment, decision: undefined, start }
  return { ...call, pool: deployment.pool, deployment, number: 1, attempt }
}

export const complete: End = { outcome: 'complete' }

export const strategyOf = (name: StrategySettings['name'], buffer = 0): StrategySettings => ({
  name,
  lowestLatencyBuffer: buffer,
  maxLatencySamples: 10,
  latencyTtlMs: 3_600_000,
})

export function settingsOf(
  deployments: readonly Deployment[],
  changes: Partial<RoutingSettings> = {},
): RoutingSettings {
  return {
    deployments,
    aliases: {},
    strategy: strategyOf('simple-shuffle'),
    poolStrategies: {},
    retries: { count: 2, minimumWaitMs: 0, poolPolicies: {}, maxAttempts: 10, weightedFailover: false },
    cooldown: { restMs: 5_000, disabled: false },
    timeouts: { attemptMs: 600_000, connectMs: 10_000, idleMs: 60_000, callMs: 600_000 },
    fallbacks: { general: {}, contextWindow: {}, contentPolicy: {}, max: 5 },
    checks: { enabled: false, enforceRateLimits: false },
    tags: { enabled: false, matchAny: true, prefix: '' },
    affinity: { bySession: false, byKey: false, byPromptCache: false, ttlMs: 3_600_000, pools: {} },
    tiers: {},
    auto: {},
    ...changes,
  }
}

/** As many tokens as the body's `tokens` says. */
export function boundsOf({ body }: Call['request']): TokenBounds {
  const tokens = Number(body.tokens ?? 0)
  return { low: tokens, likely: tokens, high: tokens }
}

/** Costs what the deployment's `info.cost` says, in nano-dollars; nothing said is no price. Output as the body's `output` says. */
export function estimateOf({ info }: Deployment, { request }: Call): Estimate {
  const cost = info.cost === undefined ? undefined : BigInt(Number(info.cost))
  return { inputTokens: boundsOf(request).likely, outputTokens: Number(request.body.output ?? 0), cost }
}

export interface VitalsParts
  extends Partial<Pick<Vitals, 'inFlight' | 'maxInFlight' | 'restingUntil' | 'heldOutUntil'>> {
  readonly p50?: number
  readonly firstTokenP50?: number
  readonly requests?: number
  readonly tokens?: number
}

/** A candidate with vitals made up. */
export function candidateOf(
  deployment: Deployment,
  { p50, firstTokenP50, requests, tokens, ...parts }: VitalsParts = {},
): Candidate {
  const vitals = {
    inFlight: 0,
    maxInFlight: Number.POSITIVE_INFINITY,
    restingUntil: 0,
    restingBecause: undefined,
    heldOutUntil: 0,
    unwellUntil: 0,
    unwellBecause: undefined,
    changes: new Changes(),
    p50: () => p50,
    firstTokenP50: () => firstTokenP50,
    requestsThisMinute: () => requests ?? 0,
    tokensThisMinute: () => tokens ?? 0,
    inputTokensThisMinute: () => tokens ?? 0,
    outputTokensThisMinute: () => 0,
    ...parts,
  }
  return { deployment, vitals, estimate: call => estimateOf(deployment, call) }
}

/** At least one, for a strategy. */
export function some<T>(list: readonly T[]): readonly [T, ...T[]] {
  const [first, ...rest] = list
  if (first === undefined) throw new Error('a strategy is never asked about nobody')
  return [first, ...rest]
}
