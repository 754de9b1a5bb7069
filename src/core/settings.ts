import type { AutoSettings } from './auto-settings.ts'
import type { FallbackTable } from './call.ts'
import type { ChargeSettings } from './charge.ts'
import type { Ms } from './clock.ts'
import type { Deployment, ErrorClassCounts } from './deployment.ts'
import type { NanoUsd } from './money.ts'

/**
 * What an operator can set about routing, in tollgate's own words and units. The configuration (LiteLLM's names) is
 * compiled into this once; nothing below the configuration knows a YAML key.
 */
export interface RoutingSettings {
  /** In file order. */
  readonly deployments: readonly Deployment[]
  /** Other names of pools. */
  readonly aliases: Readonly<Record<string, Alias>>
  /** The strategy of pools that have none of their own. */
  readonly strategy: StrategySettings
  /** Pool name to its own strategy (`routing_groups`). */
  readonly poolStrategies: Readonly<Record<string, StrategySettings>>
  /** Names for several pools together (`routing_groups`), which can be asked for like pools. Default: none. */
  readonly groups?: Readonly<Record<string, GroupSettings>>
  readonly retries: RetrySettings
  readonly cooldown: CooldownSettings
  /** Absent: deployments are probed only when somebody asks. */
  readonly probes?: ProbeSettings
  readonly timeouts: RouterTimeouts
  readonly fallbacks: FallbackSettings
  readonly checks: CheckSettings
  readonly tags: TagSettings
  readonly affinity: AffinitySettings
  /** Pools that are a choice between pools by price and latency. */
  readonly tiers: Readonly<Record<string, TierSettings>>
  /** Pools that are a choice between pools by what the prompt is. */
  readonly auto: Readonly<Record<string, AutoSettings>>
  /** Undefined: every call is charged at what providers ask. */
  readonly charges?: ChargeSettings
  /** Clients are not shown the upstream's limits and request id (`return_response_headers: false`). Default false. */
  readonly hideUpstreamHeaders?: boolean
  /** The usage of a stream also tells its cost. Default false. */
  readonly costInStreams?: boolean
  /** The place in line of calls that name none. Undefined: they are refused when all deployments are full. */
  readonly defaultPriority?: number
  /** When no deployment declares its own: at most this many calls in flight at one. */
  readonly defaultMaxParallelRequests?: number
}

export interface Alias {
  readonly pool: string
  /** Not listed by `/v1/models`. */
  readonly hidden: boolean
}

/** Several pools under one name: as one pool with a strategy of its own, or one after the other. */
export type GroupSettings =
  | { readonly by: 'strategy'; readonly pools: readonly string[]; readonly strategy: StrategySettings }
  /** The pools of each priority, the first ones first; those of equal priority in any order. */
  | { readonly by: 'priority'; readonly ranks: readonly (readonly string[])[] }

export type StrategyName =
  | 'simple-shuffle'
  | 'least-busy'
  | 'latency-based-routing'
  | 'cost-based-routing'
  | 'usage-based-routing'
  | 'usage-based-routing-v2'

export interface StrategySettings {
  readonly name: StrategyName
  /** latency-based: a deployment within `lowest * (1 + buffer)` is as good as the fastest. Default 0. */
  readonly lowestLatencyBuffer: number
  /** latency-based: how many samples are kept of each deployment. Default 10. */
  readonly maxLatencySamples: number
  /** latency-based: samples older than this are forgotten. Default 3,600,000 ms. */
  readonly latencyTtlMs: Ms
}

export interface RetrySettings {
  /** Further attempts within a pool after the first. Default 2. */
  readonly count: number
  /** No wait before a repeated attempt at the same deployment is shorter. Default 0 ms. */
  readonly minimumWaitMs: Ms
  /** Retries by error class, for every pool. */
  readonly policy?: ErrorClassCounts
  /** The same for one pool; wins. */
  readonly poolPolicies: Readonly<Record<string, ErrorClassCounts>>
  /** At most this many attempts for one call, over all pools and fallbacks. Default 10. */
  readonly maxAttempts: number
  /** After the retries, the pool's other deployments are tried before another pool is (simple-shuffle). Default false. */
  readonly weightedFailover: boolean
}

export interface CooldownSettings {
  /** How long a deployment rests. Default 5,000 ms; 0 disables. */
  readonly restMs: Ms
  /** Failures tolerated within 60 s. Undefined means the automatic rule (see pools/cooldown.ts). */
  readonly allowedFails?: number
  readonly policy?: ErrorClassCounts
  readonly disabled: boolean
}

/** Tiny real calls that ask deployments whether they are well. They cost money, and are accounted like any other. */
export interface ProbeSettings {
  /** Every deployment is probed again and again. Default false. */
  readonly background: boolean
  /** From the end of one round to the beginning of the next. Default 300,000 ms. */
  readonly intervalMs: Ms
  /** Probes under way at once. Default 10. */
  readonly concurrency: number
  /** The pools that are probed in the background and steered by it. Undefined: all. */
  readonly pools?: readonly string[]
  /**
   * A failed probe keeps calls away while it is fresh; with `cooldown.policy` it counts as a failure there instead.
   * Default false: probes are only shown.
   */
  readonly steers: boolean
  /** The age from which a result does not count any more. Default twice the interval. */
  readonly staleMs: Ms
  /** A probe that meets a rate limit or a timeout says nothing. Default false. */
  readonly ignoresTransient: boolean
  /** Deployments that are not probed in the background are not probed on demand either. Default false. */
  readonly skipsDisabled: boolean
}

export interface RouterTimeouts {
  /** One attempt: the whole answer, or the first content of a stream. Default 600,000 ms. */
  readonly attemptMs: Ms
  /** Until the connection stands. Default 10,000 ms. */
  readonly connectMs: Ms
  /** Until the first content of a stream. Default: the attempt's. */
  readonly firstTokenMs?: Ms
  /** Between two pieces of a stream. Default 60,000 ms. */
  readonly idleMs: Ms
  /** A call until its answer, or until the first content of it, with all attempts and waits. Default 600,000 ms. */
  readonly callMs: Ms
  /** Silence after which a streaming client is sent an SSE comment. Undefined: never. */
  readonly keepaliveMs?: Ms
  /** How old a connection to an upstream may be when a call begins on it. Default 3,600,000 ms. */
  readonly connectionLifeMs?: Ms
}

/** Why a call goes to another pool. */
export type FallbackKind = 'general' | 'contextWindow' | 'contentPolicy'

export interface FallbackSettings {
  /** `*` stands for every pool without an entry of its own. */
  readonly general: FallbackTable
  readonly contextWindow: FallbackTable
  readonly contentPolicy: FallbackTable
  /** Moves to another pool per call. Default 5. */
  readonly max: number
}

export interface CheckSettings {
  /** Before dialling, leave out deployments that cannot take the call: context window, region, response format. */
  readonly enabled: boolean
  /** rpm and tpm are hard limits under every strategy (`enforce_model_rate_limits`). */
  readonly enforceRateLimits: boolean
}

export interface TagSettings {
  readonly enabled: boolean
  /** Any shared tag is enough; else all of the request's tags must be there. Default true. */
  readonly matchAny: boolean
  /** Request tags with this prefix are explicit routing orders. Empty: off. */
  readonly prefix: string
}

export interface AffinitySettings {
  readonly bySession: boolean
  readonly byKey: boolean
  readonly byPromptCache: boolean
  /** Default 3,600,000 ms. */
  readonly ttlMs: Ms
  /** Pool name to its own switches. */
  readonly pools: Readonly<Record<string, Pick<AffinitySettings, 'bySession' | 'byKey' | 'byPromptCache'>>>
}

/** The cheapest deployment whose p50 is under the threshold, in the tier that the estimated cost names. */
export interface TierSettings {
  /** The pool for calls that are estimated to cost at most `costThreshold`, at this pool's prices. */
  readonly cheap: string
  /** The pool for the others, and for when the cheap one is too slow. */
  readonly capable: string
  readonly costThreshold: NanoUsd
  /** Rolling p50 above which a deployment, and at last a tier, is passed over. Undefined: any speed will do. */
  readonly latencyThresholdMs?: Ms
  /** Output tokens assumed in the estimate when the request does not limit them. Default 256. */
  readonly assumedOutputTokens: number
}
