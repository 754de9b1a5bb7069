import { keepaliveMs } from '../../core/keepalive.ts'
import type { CooldownSettings, RetrySettings, RouterTimeouts, RoutingSettings } from '../../core/settings.ts'
import type { TollgateValues } from '../keys/tollgate.ts'
import { compileChecks } from './affinity.ts'
import { compileAliases } from './aliases.ts'
import { compileAutoRouters } from './auto-routers.ts'
import { compileCharges } from './charges.ts'
import { type CompileContext, defined, toMs } from './context.ts'
import { compileFallbacks } from './fallbacks.ts'
import { compileGroups } from './groups.ts'
import { leadsOf } from './leads.ts'
import { reportUnknownPools } from './named-pools.ts'
import { readAllowedFailsPolicy, readRetryPolicy } from './policies.ts'
import type { Pools } from './pools.ts'
import { compileProbes } from './probes.ts'
import { compileGeneralStrategy } from './strategies.ts'
import { compileAuto, compileTiers } from './tiers.ts'

/** Compiles everything about routing. */
export function compileRouting(context: CompileContext, tollgate: TollgateValues, pools: Pools): RoutingSettings {
  const { router, litellm, findings, document } = context
  const routing = document.section('tollgate_settings')?.section('routing')
  const leads = leadsOf(context, pools)
  const { resolves } = leads
  const { affinity, enforceRateLimits } = compileChecks(context)
  reportUnknownPools(context, resolves)
  return {
    deployments: pools.deployments,
    aliases: compileAliases(context, leads),
    strategy: compileGeneralStrategy(context),
    ...compileGroups(context, { deployments: pools.deployments, resolves }),
    retries: compileRetries(context, tollgate),
    cooldown: compileCooldown(context),
    probes: compileProbes(context, new Set([...pools.deployments, ...pools.leftOut].map(one => one.pool))),
    timeouts: compileTimeouts(context, tollgate),
    fallbacks: compileFallbacks(context, resolves),
    checks: { enabled: router.enable_pre_call_checks ?? false, enforceRateLimits },
    tags: {
      enabled: router.enable_tag_filtering ?? false,
      matchAny: router.tag_filtering_match_any ?? true,
      prefix: router.tag_routing_prefix ?? '',
    },
    affinity,
    tiers: compileTiers(routing, leads, findings),
    auto: { ...compileAutoRouters(pools, resolves, context), ...compileAuto(routing, leads, findings) },
    ...defined({
      defaultMaxParallelRequests: router.default_max_parallel_requests,
      defaultPriority: router.default_priority,
      charges: compileCharges(context),
      costInStreams: litellm.include_cost_in_streaming_usage,
      hideUpstreamHeaders: litellm.return_response_headers === false || undefined,
    }),
  }
}

function compileRetries({ router, litellm }: CompileContext, tollgate: TollgateValues): RetrySettings {
  const perRequest = litellm.num_retries_per_request
  const poolPolicies = Object.entries(router.model_group_retry_policy ?? {}).map(([pool, policy]) => {
    return [pool, readRetryPolicy(policy) ?? {}] as const
  })
  return {
    count: router.num_retries ?? litellm.num_retries ?? 2,
    minimumWaitMs: toMs(router.retry_after) ?? 0,
    poolPolicies: Object.fromEntries(poolPolicies),
    maxAttempts: tollgate.max_attempts ?? (perRequest === undefined ? 10 : perRequest + 1),
    weightedFailover: router.enable_weighted_failover ?? false,
    ...defined({ policy: readRetryPolicy(router.retry_policy) }),
  }
}

function compileCooldown({ router, litellm }: CompileContext): CooldownSettings {
  return {
    restMs: toMs(router.cooldown_time) ?? 5_000,
    disabled: router.disable_cooldowns ?? false,
    ...defined({
      allowedFails: router.allowed_fails ?? litellm.allowed_fails,
      policy: readAllowedFailsPolicy(router.allowed_fails_policy),
    }),
  }
}

function compileTimeouts(context: CompileContext, tollgate: TollgateValues): RouterTimeouts {
  const { router, litellm } = context
  const attemptMs = toMs(router.timeout ?? litellm.request_timeout) ?? 600_000
  const keepalive =
    router.keepalive_seconds ??
    litellm.sse_keepalive_ping_interval_seconds ??
    context.general.sse_keepalive_ping_interval_seconds
  return {
    attemptMs,
    connectMs: toMs(tollgate.connect_timeout) ?? 10_000,
    idleMs: toMs(router.stream_idle_timeout) ?? 60_000,
    callMs: toMs(tollgate.request_timeout) ?? Math.max(600_000, attemptMs),
    ...defined({
      firstTokenMs: toMs(router.ttft_timeout ?? router.stream_timeout),
      keepaliveMs: keepalive ? keepaliveMs(keepalive) : undefined,
      connectionLifeMs: toMs(router.client_ttl),
    }),
  }
}
