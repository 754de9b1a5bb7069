import { z } from 'zod'
import { accept, effect, type Honoured, planned, table, type ValuesOf } from './entry.ts'
import * as value from './values.ts'

/** Names in `retry_policy`. */
export const RETRY_POLICY_NAMES: readonly string[] = [
  'BadRequestErrorRetries',
  'AuthenticationErrorRetries',
  'TimeoutErrorRetries',
  'RateLimitErrorRetries',
  'ContentPolicyViolationErrorRetries',
  'InternalServerErrorRetries',
  'ServiceUnavailableErrorRetries',
  'NotFoundErrorRetries',
  'BadGatewayErrorRetries',
  'DefaultRetries',
]

/** Names in `allowed_fails_policy`. */
export const ALLOWED_FAILS_NAMES: readonly string[] = [
  'BadRequestErrorAllowedFails',
  'AuthenticationErrorAllowedFails',
  'TimeoutErrorAllowedFails',
  'RateLimitErrorAllowedFails',
  'ContentPolicyViolationErrorAllowedFails',
  'InternalServerErrorAllowedFails',
  'ServiceUnavailableErrorAllowedFails',
  'BadGatewayErrorAllowedFails',
  'NotFoundErrorAllowedFails',
]

/** Legal in `router_settings`, which wins, and in `general_settings`. */
export const probeRouting = {
  enable_health_check_routing: [
    value.flag,
    'A deployment whose probe failed takes no calls while the result is fresh. Default false.',
  ],
  background_health_check_model_groups: [value.texts, 'Pools that are probed and routed by it. Default: all.'],
  health_check_staleness_threshold: [
    value.positiveSeconds,
    'Seconds after which a probe counts no more. Default: twice health_check_interval.',
  ],
  health_check_ignore_transient_errors: [value.flag, 'Probes that meet 429 or a timeout say nothing. Default false.'],
} as const satisfies Record<string, Honoured>

const STRATEGY_ARGUMENTS = ['ttl', 'lowest_latency_buffer', 'max_latency_list_size']

const honoured = {
  routing_strategy: [value.text, 'How a deployment of a pool is chosen. Default simple-shuffle.'],
  routing_strategy_args: [
    value.map,
    'latency-based-routing: ttl (seconds, 3600), lowest_latency_buffer (share, 0), max_latency_list_size (10).',
    STRATEGY_ARGUMENTS,
  ],
  routing_groups: [
    value.maps,
    'Pools with a strategy of their own, and a name for all of them together: [{group_name, models, routing_strategy, routing_strategy_args}]. With routing_strategy priority, a call to the name tries the models by model_priorities, the lowest first.',
  ],
  model_group_alias: [value.map, 'Other names of pools: alias: pool, or alias: {model, hidden}.'],
  num_retries: [value.count, 'Retries within a pool after the first attempt. Default 2.'],
  retry_after: [value.seconds, 'Seconds; no wait before a repeated attempt is shorter. Default 0.'],
  retry_policy: [value.countMap, 'Retries by class of error.', RETRY_POLICY_NAMES],
  model_group_retry_policy: [
    z.record(z.string(), value.countMap, { error: 'expected a map of pools to retry policies' }),
    'Retries by class of error, for single pools.',
  ],
  fallbacks: [value.fallbackLists, 'Pools to try when a pool has failed; "*" stands for all others.'],
  default_fallbacks: [value.wordOrWords, 'The fallbacks of every pool without its own.'],
  context_window_fallbacks: [value.fallbackLists, 'Pools to try when the prompt is too long.'],
  content_policy_fallbacks: [value.fallbackLists, 'Pools to try when the content was refused.'],
  max_fallbacks: [value.count, 'Moves to another pool per call. Default 5.'],
  enable_weighted_failover: [value.flag, "Try the pool's other deployments before another pool. Default false."],
  timeout: [value.positiveSeconds, 'Seconds one attempt may take. Default 600.'],
  stream_timeout: [value.positiveSeconds, 'Seconds until the first content of a stream.'],
  ttft_timeout: [value.positiveSeconds, 'Seconds until the first content of a stream; wins over stream_timeout.'],
  stream_idle_timeout: [value.positiveSeconds, 'Seconds between two pieces of a stream. Default 60.'],
  keepalive_seconds: [value.seconds, 'Seconds of silence (1 to 300) after which a stream is sent an SSE comment.'],
  allow_client_keepalive_override: [
    value.flag,
    'x-litellm-keepalive-seconds (1 to 300) of a request wins over keepalive_seconds. Default false.',
  ],
  client_ttl: [
    value.positiveSeconds,
    'Seconds after which a connection to an upstream takes no further calls. Default 3600.',
  ],
  allowed_fails: [value.count, 'Failures tolerated within a minute. Default: the automatic rule.'],
  allowed_fails_policy: [value.countMap, 'Failures tolerated by class of error.', ALLOWED_FAILS_NAMES],
  cooldown_time: [value.seconds, 'Seconds a deployment rests after failing. Default 5; 0 disables.'],
  disable_cooldowns: [value.flag, 'No deployment ever rests. Default false.'],
  enable_pre_call_checks: [value.flag, 'Leave out deployments that cannot take the call. Default false.'],
  optional_pre_call_checks: [value.texts, 'Further checks and affinities, by name.'],
  deployment_affinity_ttl_seconds: [value.positiveSeconds, 'Seconds an affinity lasts. Default 3600.'],
  model_group_affinity_config: [
    z.record(z.string(), value.texts, { error: 'expected a map of pools to lists of affinities' }),
    'Affinities of single pools.',
  ],
  enable_tag_filtering: [value.flag, 'Route by tags. Default false.'],
  tag_filtering_match_any: [value.flag, 'Any shared tag is enough. Default true.'],
  tag_routing_prefix: [value.text, 'Request tags with this prefix are routing orders. Default: off.'],
  default_max_parallel_requests: [value.positiveCount, 'Calls in flight at a deployment that sets no limit itself.'],
  default_litellm_params: [value.map, 'Request fields sent with every call unless set elsewhere.'],
  ...probeRouting,
  default_priority: [
    value.anyNumber,
    'The place in line of calls without a priority, lower first. Default: they are refused when all is full.',
  ],
  provider_budget_config: [
    value.providerBudgetMap,
    'Budgets of providers: {openai: {budget_limit: 100, time_period: 1d}}, or with max_budget and budget_duration.',
  ],
  redis_host: [value.text, 'The Redis that replicas share. Default: cache_params, else REDIS_HOST.'],
  redis_port: [value.positiveCount, 'Default 6379.'],
  redis_password: [value.text, 'Default: REDIS_PASSWORD.'],
  redis_url: [value.text, 'redis://user:password@host:port/db, or rediss:// for TLS. Default: REDIS_URL.'],
  redis_db: [value.count, 'The number of the database. Default 0.'],
  cache_kwargs: [
    value.map,
    "More of Redis's options: db, username, ssl, ssl_cert_reqs, ssl_check_hostname, ssl_ca_certs.",
  ],
  polling_interval: [value.seconds, 'An upper bound that is always kept: whoever waits in line is told at once.'],
  ignore_invalid_deployments: [value.flag, 'Invalid deployments are left out and said; this changes nothing here.'],
} as const satisfies Record<string, Honoured>

export type RouterValues = ValuesOf<typeof honoured>
export const routerHonoured = honoured

export const routerKeys = table(
  effect(honoured),
  planned('the response cache', 'cache_responses caching_groups'),
  accept('X', 'max_retries set_verbose debug_level'),
  accept(
    'P',
    `alerting_config router_general_settings plugins fallback_access_check fallback_budget_check
     auto_router_capability_limit heuristic_v2_router_limit`,
  ),
  accept('A', 'assistants_config'),
  accept('S', 'search_tools'),
  accept('G', 'guardrail_list!'),
)
