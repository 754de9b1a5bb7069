import { accept, advised, effect, type Honoured, planned, plannedGuard, table, type ValuesOf } from './entry.ts'
import { probeRouting } from './router.ts'
import * as value from './values.ts'

const honoured = {
  master_key: [value.text, 'The key that every client must send. Without one the gateway serves this machine only.'],
  litellm_key_header_name: [value.text, 'Header that carries the key, instead of Authorization.'],
  allowed_ips: [
    value.texts,
    'Addresses and ranges (10.0.0.0/8) from which requests may come; health is for all. Default: any.',
  ],
  use_x_forwarded_for: [
    value.flag,
    'The client is the last address of X-Forwarded-For: with allowed_ips, behind a proxy. Default false.',
  ],
  mcp_trusted_proxy_ranges: [
    value.texts,
    'Proxies whose X-Forwarded-For is believed, and which are no clients themselves. Default: whoever connects.',
  ],
  completion_model: [value.text, 'Replaces the model of every chat and completion request.'],
  embedding_model: [value.text, 'Replaces the model of every embedding request.'],
  always_include_stream_usage: [
    value.flag,
    'Streams end with their usage, unless the client sends stream_options.include_usage: false. Default false.',
  ],
  cancel_on_disconnect: [value.flag, 'When the client leaves, the upstream is told to stop: always so here.'],
  max_request_size_mb: [value.amount, 'Megabytes of a request body. Default 32.'],
  sse_keepalive_ping_interval_seconds: [value.seconds, 'Where router_settings.keepalive_seconds is absent.'],
  background_health_checks: [value.flag, 'Every deployment is sent a tiny call again and again. Default false.'],
  health_check_interval: [value.positiveSeconds, 'Seconds between two rounds of background probes. Default 300.'],
  health_check_concurrency: [value.positiveCount, 'Probes under way at once. Default 10.'],
  health_check_details: [value.flag, 'GET /health tells errors, times and rests. Default true.'],
  health_check_skip_disabled_background_models: [
    value.flag,
    'disable_background_health_check holds for probes on demand as well. Default false.',
  ],
  ...probeRouting,
  enable_drain_endpoint: [value.flag, 'POST /health/drain turns /health/readiness to 503. Default false.'],
  drain_endpoint_token: [value.text, 'What X-Drain-Token must hold. Default: the master key is needed instead.'],
  database_url: [
    value.text,
    'Where keys, budgets and the ledger live: postgres://..., or sqlite:PATH. Default: DATABASE_URL, else tollgate_settings.store.',
  ],
  database_connection_pool_limit: [
    value.positiveCount,
    'Connections to PostgreSQL of each process, half of them for calls alone. At least 2. Default 10.',
  ],
  database_connection_timeout: [value.positiveSeconds, 'Seconds until a connection to PostgreSQL stands. Default 5.'],
  database_statement_timeout: [value.positiveSeconds, 'Seconds that a statement may take at PostgreSQL. Default 10.'],
  allow_requests_on_db_unavailable: [
    value.flag,
    'While the store is away, limited keys that are known go on with the money that was leased; unknown keys never pass. Default false.',
  ],
  fail_closed_budget_enforcement: [value.flag, 'Spending that cannot be bounded is refused: always so here.'],
  proxy_batch_write_at: [
    value.seconds,
    'An upper bound that is always kept: what was spent is written within a second.',
  ],
  proxy_config_reload_interval_seconds: [
    value.seconds,
    'An upper bound that is always kept: what is changed by the API is seen by all replicas within a second.',
  ],
  disable_master_key_return: [value.flag, 'No answer ever holds the master key: always so here.'],
  user_api_key_cache_ttl: [
    value.positiveSeconds,
    'Seconds that a key is known without asking the store again; what is changed is seen within a second. Default 60.',
  ],
  user_api_key_cache_max_size: [value.positiveCount, 'Keys known at once without asking the store. Default 100,000.'],
  apply_user_budget_to_team_keys: [
    value.flag,
    "A user's own budget bounds the user's keys of teams as well. Default false.",
  ],
  store_model_in_db: [
    value.flag,
    'Deployments that the API adds are kept in the store. Default: STORE_MODEL_IN_DB, else false.',
  ],
  max_parallel_requests: [value.count, 'Calls under way at once of each key that sets no limit itself.'],
  global_max_parallel_requests: [
    value.count,
    'Calls under way at once of all callers; over all replicas where they share Redis.',
  ],
  alerting: [value.wordOrWords, 'webhook: soft and hard limits that are passed are told to a URL.'],
  alert_to_webhook_url: [
    value.map,
    'Where alerts go: {budget_alerts: URL}. Default: WEBHOOK_URL. tollgate_settings.budgets.webhook goes first.',
  ],
} as const satisfies Record<string, Honoured>

export type GeneralValues = ValuesOf<typeof honoured>
export const generalHonoured = honoured

const LEDGER = 'Accepted, no effect: the row of the ledger is the charge.'

export const generalKeys = table(
  effect(honoured),
  plannedGuard(
    'access control',
    `allowed_routes public_routes admin_only_routes enforce_user_param enforced_params service_account_settings default_team_disabled reject_clientside_metadata_tags
     missing_session_id enforce_fallback_model_access enforce_fallback_budget`,
  ),
  planned(
    'keys, users and teams',
    `allow_client_side_credentials user_header_name
     user_header_mappings disable_adding_master_key_hash_to_db disable_responses_id_security
     allow_unmanaged_response_ids`,
  ),
  planned('the choice of models', 'image_generation_model moderation_model infer_model_from_keys supported_db_objects'),
  plannedGuard(
    'limits of the gateway',
    `token_rate_limit_type max_response_size_mb
     max_in_flight_requests_per_worker max_queued_requests_per_worker`,
  ),
  planned('limits of the gateway', `disable_retry_on_max_parallel_request_limit_error admission_queue_timeout_seconds`),
  planned('health probes shared by several processes', 'use_shared_health_check'),
  planned(
    'the database',
    `database_connection_pool_timeout database_lock_timeout disable_error_logs store_prompts_in_spend_logs
     maximum_spend_logs_retention_period maximum_spend_logs_retention_interval maximum_spend_logs_cleanup_cron
     maximum_spend_logs_cleanup_batch_size maximum_spend_logs_cleanup_max_batches maximum_spend_logs_cleanup_run_budget
     maximum_spend_logs_cleanup_batch_timeout scope_spend_list_endpoints_to_caller
     legacy_unscoped_spend_list_endpoints`,
  ),
  advised('disable_spend_logs', `${LEDGER} To keep no rows, set tollgate_settings.store: none, and have no budgets.`),
  advised('disable_spend_updates', `${LEDGER} A budget without a limit is counted and bounds nothing.`),
  advised(
    'disable_budget_reservation',
    'Accepted, no effect: a limited call always holds its worst price before it is dialled. tollgate_settings.budgets.when_short says what happens when that is more than is left.',
  ),
  advised('disable_reset_budget', 'Accepted, no effect: for a budget that never begins again give no budget_duration.'),
  planned(
    'forwarding and pass-through',
    `forward_client_headers_to_llm_api forward_llm_provider_auth_headers forward_openai_org_id pass_through_endpoints
     pass_through_request_timeout use_client_credentials_pass_through_routes`,
  ),
  planned('alerting', 'alerting_threshold alerting_args alert_types alert_type_config spend_report_frequency'),
  accept(
    'L',
    `enable_jwt_auth! litellm_jwtauth! enable_oauth2_auth! enable_oauth2_proxy_auth! oauth2_config_mappings!
     enforce_rbac! role_permissions! custom_auth! custom_auth_settings! custom_auth_run_common_checks!
     custom_key_generate! custom_key_update! custom_key_policy! require_end_user_mcp_access_defined!
     require_key_mcp_access_defined! allowed_file_extensions! blocked_file_extensions! key_management_system!
     key_management_settings! use_azure_key_vault! use_google_kms!`,
  ),
  accept(
    'U',
    `ui_access_mode custom_sso custom_ui_sso_sign_in_handler auto_redirect_ui_login_to_sso
     allow_cli_sso_verification_uri_complete control_plane_url disable_env_credential_login max_failed_login_attempts
     max_failed_login_attempts_per_source failed_login_window_seconds UI_USERNAME UI_PASSWORD enable_public_model_hub
     email_settings block_robots disable_auto_add_proxy_admin_to_teams`,
  ),
  accept(
    'M',
    `user_mcp_management_mode enable_mcp_registry mcp_client_side_auth_header_name mcp_internal_ip_ranges
     mcp_required_fields`,
  ),
  accept('S', 'search_tools'),
  accept('V', 'proxy_batch_polling_interval max_batch_file_size_mb max_file_size_mb store_prompts_in_cold_storage'),
  accept(
    'D',
    `proxy_budget_rescheduler_min_time proxy_budget_rescheduler_max_time use_redis_transaction_buffer database_type
     database_args database_connect_timeout database_socket_timeout database_extra_connection_params
     database_disable_prepared_statements disable_prisma_schema_update scheduled_job_stagger`,
  ),
  accept(
    'X',
    `otel litellm_settings litellm_license allow_user_auth set_verbose alerts datadog_api_key
     disable_batch_input_file_rate_limiting skip_batch_input_file_rate_limiting_for_providers
     skip_batch_input_file_rate_limiting_for_models`,
  ),
)
