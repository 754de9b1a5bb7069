import { z } from 'zod'
import { accept, advised, effect, type Honoured, planned, plannedGuard, table, type ValuesOf } from './entry.ts'
import * as value from './values.ts'

/** Names in `cache_params`; those of vendors by their beginning. */
const CACHE_PARAMS: readonly string[] =
  `type mode host port password username url db ssl ssl_cert_reqs ssl_check_hostname max_connections namespace ttl
   default_in_memory_ttl default_in_redis_ttl default_redis_ttl supported_call_types redis_startup_nodes service_name
   sentinel_nodes sentinel_password redis_flush_size similarity_threshold redis_semantic_cache_embedding_model
   redis_semantic_cache_index_name disk_cache_dir s3_* gcs_* gcp_* azure_account_url azure_blob_container qdrant_*
   valkey_*`.split(/\s+/)

/** Fields of the management API that may have defaults. */
const SHARED_FIELDS: readonly string[] =
  `max_budget soft_budget budget_duration model_max_budget rpm_limit tpm_limit max_parallel_requests models
   metadata`.split(/\s+/)
const KEY_FIELDS: readonly string[] = [
  ...SHARED_FIELDS,
  ...`budget_limits model_rpm_limit model_tpm_limit tags aliases allowed_routes router_settings duration key_type team_id
      user_id organization_id budget_id`.split(/\s+/),
]
const USER_FIELDS: readonly string[] = [...SHARED_FIELDS, 'user_role', 'teams']
const TEAM_FIELDS: readonly string[] = [
  ...SHARED_FIELDS,
  ...`model_rpm_limit model_tpm_limit tags model_aliases router_settings team_member_permissions team_member_budget
      team_member_budget_duration team_member_rpm_limit team_member_tpm_limit organization_id`.split(/\s+/),
]
const CEILINGS: readonly string[] =
  'max_budget budget_duration duration max_parallel_requests tpm_limit rpm_limit'.split(' ')

const honoured = {
  callbacks: [value.wordOrWords, 'Told of successes and failures: otel, or paths of JavaScript modules.'],
  success_callback: [value.wordOrWords, 'Told of successes.'],
  failure_callback: [value.wordOrWords, 'Told of failures.'],
  turn_off_message_logging: [value.flag, 'No prompt and no answer leaves through logs, lines or spans.'],
  json_logs: [value.flag, 'The gateway prints a JSON object for each call, as log: json.'],
  num_retries: [value.count, 'Where router_settings.num_retries is absent.'],
  num_retries_per_request: [value.count, 'Retries over all pools of one call.'],
  fallbacks: [value.fallbackLists, 'Where router_settings.fallbacks is absent.'],
  model_fallbacks: [value.fallbackLists, 'The old name of fallbacks.'],
  default_fallbacks: [value.wordOrWords, 'Where router_settings.default_fallbacks is absent.'],
  context_window_fallbacks: [value.fallbackLists, 'Where router_settings has none.'],
  content_policy_fallbacks: [value.fallbackLists, 'Where router_settings has none.'],
  longer_context_model_fallback_dict: [
    value.textMap,
    'Pool to the one that takes longer prompts, where context_window_fallbacks has none.',
  ],
  max_fallbacks: [value.count, 'Where router_settings.max_fallbacks is absent.'],
  allowed_fails: [value.count, 'Where router_settings.allowed_fails is absent.'],
  request_timeout: [value.positiveSeconds, 'Seconds one attempt may take, where router_settings.timeout is absent.'],
  model_alias_map: [value.textMap, 'Other names of pools.'],
  drop_params: [value.flag, 'Leave out parameters that the upstream does not take.'],
  ssl_verify: [z.union([value.flag, value.text]), 'false: certificates of upstreams are not verified.'],
  headers: [value.textMap, 'Sent with every request to an upstream.'],
  api_key: [value.text, 'The key of deployments that have none of their own.'],
  api_base: [value.text, 'Where the upstream of deployments listens that have no api_base of their own.'],
  project: [value.text, "OpenAI-Project, sent to OpenAI's own deployments."],
  api_version: [value.text, 'The api-version of deployments that have none of their own.'],
  organization: [value.text, 'The organization of deployments that have none of their own.'],
  sse_keepalive_ping_interval_seconds: [value.seconds, 'Where router_settings.keepalive_seconds is absent.'],
  cost_discount_config: [value.shareMap, 'Provider to the fraction of its price that is not charged: {openai: 0.05}.'],
  cost_margin_config: [
    value.marginMap,
    'Provider, or global, to what is added: {openai: 0.1, global: {percentage: 0.08, fixed_amount: 0.0005}}.',
  ],
  input_callback: [value.wordOrWords, 'Told of calls that begin: paths of JavaScript modules.'],
  service_callback: [value.wordOrWords, "Told of faults of tollgate's own services: paths of JavaScript modules."],
  service_callbacks: [value.wordOrWords, 'Another name of service_callback.'],
  redact_user_api_key_info: [value.flag, 'Records name no key and no user.'],
  redact_messages_in_exceptions: [value.flag, 'Records hold the kind of an error and not its text.'],
  standard_logging_payload_excluded_fields: [value.texts, 'What callbacks are not told, by name.'],
  global_disable_no_log_param: [value.flag, 'Clients cannot keep a call from callbacks with no-log.'],
  allow_dynamic_callback_disabling: [value.flag, 'Clients may send x-litellm-disable-callbacks. Default true.'],
  disable_streaming_logging: [value.flag, 'Answers that are streamed are not kept for callbacks and spans.'],
  extra_spend_tag_headers: [value.texts, 'Request headers that become tags of records.'],
  disable_add_user_agent_to_request_tags: [value.flag, 'The user agent is not among the tags of callbacks.'],
  forward_traceparent_to_llm_provider: [
    value.flag,
    'false: upstreams are not told the trace (traceparent). Default true.',
  ],
  return_response_headers: [value.flag, "false: clients are not shown the upstream's limits. Default true."],
  include_cost_in_streaming_usage: [value.flag, 'The usage of a stream also tells its cost, in US dollars.'],
  max_budget: [value.budgetUsd, 'US dollars that the whole gateway may spend. 0 lets nothing through.'],
  budget_duration: [value.period, 'The period of max_budget. Default total.'],
  tag_budget_config: [value.budgetMap, 'Budgets of tags: {TAG: {max_budget, budget_duration}}.'],
  default_soft_budget: [
    value.budgetUsd,
    'soft_budget of new keys that do not say: US dollars after which spending is announced. Default: none.',
  ],
  max_internal_user_budget: [value.budgetUsd, 'max_budget of new users that do not say, US dollars.'],
  default_max_internal_user_budget: [value.budgetUsd, 'Where max_internal_user_budget is absent.'],
  max_user_budget: [value.budgetUsd, 'Where max_internal_user_budget is absent.'],
  internal_user_budget_duration: [value.period, 'budget_duration of new users that do not say.'],
  max_end_user_budget: [value.budgetUsd, 'US dollars of each end user that has no budget of its own, in all.'],
  max_end_user_budget_id: [value.text, 'The plan (/budget) of end users that have no budget of their own.'],
  default_key_generate_params: [value.map, 'Fields of /key/generate where the request has none.', KEY_FIELDS],
  upperbound_key_generate_params: [
    value.map,
    'The most that a new key may have, and what it gets that asks for nothing: max_budget, budget_duration, duration, ...',
    CEILINGS,
  ],
  default_internal_user_params: [value.map, 'Fields of /user/new where the request has none.', USER_FIELDS],
  default_team_params: [value.map, 'Fields of /team/new where the request has none.', TEAM_FIELDS],
  priority_reservation: [
    value.capacityMap,
    "Shares of a pool's capacity by priority: {production: 0.9}, or {production: {type: rpm, value: 100}}.",
  ],
  priority_reservation_settings: [
    value.map,
    'default_priority: what those without a share have together (0.25); saturation_threshold: the use from which shares hold (0.5).',
    ['default_priority', 'saturation_threshold', 'saturation_check_cache_ttl'],
  ],
  cache_params: [
    value.map,
    'Where Redis is (type: redis, host, port, password, url, ...), where router_settings does not say.',
    CACHE_PARAMS,
  ],
} as const satisfies Record<string, Honoured>

export type LitellmValues = ValuesOf<typeof honoured>
export const litellmHonoured = honoured

/** `litellm_settings.<name>_key`: the key of one host's deployments that have none of their own. */
export const PROVIDER_KEY_NAMES: Readonly<Record<string, string>> = {
  openai_key: 'openai',
  azure_key: 'azure',
  anthropic_key: 'anthropic',
  groq_key: 'groq',
  openrouter_key: 'openrouter',
  cohere_key: 'cohere',
  togetherai_api_key: 'together_ai',
  mistral_key: 'mistral',
  deepseek_key: 'deepseek',
  huggingface_key: 'huggingface',
}

const providerKeys = Object.fromEntries(
  Object.entries(PROVIDER_KEY_NAMES).map(([name, host]) => [name, [value.text, `The key of ${host}.`] as const]),
)

export const litellmKeys = table(
  effect(honoured),
  effect(providerKeys),
  plannedGuard('what logs leave out', 'store_audit_logs'),
  planned(
    'logging',
    `log_raw_request_response request_correlation_in_logs add_user_information_to_llm_headers suppress_debug_info
     expose_router_debug_in_errors`,
  ),
  planned(
    'Prometheus',
    `custom_prometheus_metadata_labels custom_prometheus_tags prometheus_metrics_config
     prometheus_initialize_budget_metrics prometheus_emit_stream_label require_auth_for_metrics_endpoint
     disable_end_user_cost_tracking disable_end_user_cost_tracking_prometheus_only
     enable_end_user_cost_tracking_prometheus_only`,
  ),
  planned('forwarded headers of single pools', 'model_group_settings'),
  planned(
    'the response cache',
    `cache caching caching_with_models enable_redis_auth_cache
     enable_caching_on_provider_specific_optional_params default_in_memory_ttl default_redis_ttl
     default_redis_batch_cache_expiry`,
  ),
  plannedGuard('budgets', 'max_ui_session_budget budget_reset_time'),
  planned('budgets', 'timezone'),
  plannedGuard(
    'keys, users and teams',
    'key_generation_settings default_team_settings enable_key_alias_format_validation overwrite_user_with_key_hash',
  ),
  planned(
    'request shaping',
    `modify_params add_function_to_prompt disable_stop_sequence_limit LITELLM_DISABLE_STOP_SEQUENCE_LIMIT
     enable_json_schema_validation max_tokens reasoning_auto_summary enable_preview_features
     use_chat_completions_url_for_anthropic_messages route_all_chat_openai_to_responses
     disable_anthropic_gemini_context_caching_transform disable_add_transform_inline_image_block
     disable_add_prefix_to_prompt REPEATED_STREAMING_CHUNK_LIMIT disable_token_counter disable_hf_tokenizer_download
     custom_prompt_dict vertex_ai_safety_settings`,
  ),
  planned('details of TLS and HTTP', 'ssl_certificate ssl_security_level ssl_ecdh_curve force_ipv4 http2'),
  planned('forwarded headers', 'filter_invalid_headers forward_llm_provider_auth_headers'),
  plannedGuard('the guard of user URLs', 'user_url_validation user_url_allowed_hosts'),
  advised(
    'model_cost_map_url',
    'Accepted, no effect: no price is fetched at start. Download the map to a file and name it in tollgate_settings.price_map.',
  ),
  planned(
    'default credentials',
    `vertex_project vertex_location AZURE_DEFAULT_API_VERSION WATSONX_DEFAULT_API_VERSION
     COHERE_DEFAULT_EMBEDDING_INPUT_TYPE`,
  ),
  accept(
    'C',
    `langfuse_default_tags langfuse_enable_update_trace_keys langsmith_batch_size argilla_batch_size
     argilla_transformation_object datadog_use_v1 datadog_params datadog_llm_observability_params gcs_pub_sub_use_v1
     generic_api_use_v1 generic_logger_headers s3_callback_params aws_sqs_callback_params dynamodb_table_name
     cold_storage_custom_logger audit_log_callbacks`,
  ),
  accept(
    'G',
    `guardrails! guardrail_name_config_map llm_guard_mode! llamaguard_model_name! llamaguard_unsafe_content_categories!
     openai_moderations_model_name! google_moderation_confidence_threshold! toxic_confidence_threshold!
     azure_content_safety_params! prompt_injection_params! presidio_ad_hoc_recognizers! output_parse_pii!
     blocked_user_list! banned_keywords_list! skip_system_message_in_guardrail skip_tool_message_in_guardrail
     websearch_interception_params compression_interception_params global_prompt_directory global_bitbucket_config
     global_gitlab_config prompt_name_config_map pre_call_rules! post_call_rules!`,
  ),
  accept('M', 'mcp_aliases mcp_semantic_tool_filter public_mcp_servers public_agent_groups'),
  accept(
    'V',
    `vector_store_registry vector_store_index_registry require_managed_files enable_loadbalancing_on_batch_endpoints
     logged_real_time_event_types responses`,
  ),
  accept('U', 'public_model_groups public_model_groups_links ui_theme_config'),
  accept(
    'P',
    `custom_provider_map client_session aclient_session in_memory_llm_clients_cache secret_manager_client
     use_aiohttp_transport disable_aiohttp_transport aiohttp_trust_env disable_aiohttp_trust_env safe_memory_mode
     use_client`,
  ),
  accept(
    'X',
    `use_litellm_proxy proxy_auth enable_azure_ad_token_refresh common_cloud_provider_auth_params
     anthropic_beta_headers_url check_provider_endpoint enable_model_config_credential_overrides network_mock
     callback_settings credential_list logging retry email token telemetry set_verbose
     disable_copilot_system_to_assistant predibase_tenant_id config_path`,
  ),
)

/** Callbacks of vendors by LiteLLM's names; a `*` stands for any ending. */
export const VENDOR_CALLBACKS: readonly RegExp[] = [
  /^(langfuse|langfuse_otel|sentry|langsmith|lago|openmeter|logfire|literalai|galileo|braintrust|langtrace|opik)$/,
  /^(argilla|mlflow|weave_otel|pagerduty|humanloop|agentops|deepeval|cloudzero|focus|posthog|levo|helicone)$/,
  /^(lunary|athina|supabase|traceloop|wandb|aws_sqs|datadog.*|s3.*|gcs_.*|azure_.*|arize.*|.*_email)$/,
]
