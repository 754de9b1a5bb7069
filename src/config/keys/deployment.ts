import { z } from 'zod'
import { autoRouterParams } from './auto-router.ts'
import { accept, effect, type Honoured, planned, plannedGuard, table, type ValuesOf } from './entry.ts'
import { ALLOWED_FAILS_NAMES } from './router.ts'
import * as value from './values.ts'

const entryHonoured = {
  model_name: [value.text, 'The pool that this deployment answers in.'],
  litellm_params: [value.map, 'How the deployment is dialled and chosen.'],
  model_info: [value.map, 'What is known of the model.'],
  rpm: [value.amount, 'Requests per minute that the upstream grants.'],
  tpm: [value.amount, 'Tokens per minute that the upstream grants.'],
  cost_per_1k_input_tokens: [value.amount, 'US dollars per 1,000 prompt tokens.'],
  cost_per_1k_output_tokens: [value.amount, 'US dollars per 1,000 generated tokens.'],
} as const satisfies Record<string, Honoured>

const mockResponse = z
  .union([value.text, value.map], { error: 'expected a text or a whole answer' })
  .describe('a text, a whole answer, or the name of an error such as litellm.RateLimitError')

const paramsHonoured = {
  model: [value.text, 'provider/model, as in openai/gpt-4o-mini.'],
  custom_llm_provider: [value.text, 'The provider, whatever the model is called.'],
  api_key: [value.text, "The upstream's key. Default: the provider's environment variable."],
  api_base: [value.text, 'Where the upstream listens.'],
  base_url: [value.text, 'Another name of api_base.'],
  api_version: [value.text, 'The api-version of Azure and the like.'],
  organization: [value.wordOrWords, 'OpenAI-Organization; a list gives one deployment each.'],
  litellm_credential_name: [value.text, 'The entry of credential_list that fills in what is absent here.'],
  weight: [value.amount, 'Share of the traffic of its pool (simple-shuffle).'],
  rpm: [value.amount, 'Requests per minute that the upstream grants.'],
  tpm: [value.amount, 'Tokens per minute that the upstream grants.'],
  itpm: [value.amount, 'Input tokens per minute that the upstream grants.'],
  otpm: [value.amount, 'Output tokens per minute that the upstream grants.'],
  max_parallel_requests: [value.positiveCount, 'Calls in flight.'],
  order: [value.anyNumber, 'The smallest is used first.'],
  tags: [value.wordOrWords, 'For tag routing.'],
  tag_regex: [value.wordOrWords, 'Patterns matched against "User-Agent: VALUE".'],
  region_name: [value.text, 'The region, for allowed_model_region.'],
  vertex_location: [value.text, 'The region, where region_name is absent.'],
  aws_region_name: [value.text, 'The region, where region_name is absent.'],
  watsonx_region_name: [value.text, 'The region, where region_name is absent.'],
  timeout: [value.positiveSeconds, 'Seconds one attempt may take.'],
  request_timeout: [value.positiveSeconds, 'Another name of timeout.'],
  stream_timeout: [value.positiveSeconds, 'Seconds until the first content of a stream.'],
  ttft_timeout: [value.positiveSeconds, 'Seconds until the first content of a stream; wins over stream_timeout.'],
  stream_idle_timeout: [value.positiveSeconds, 'Seconds between two pieces of a stream.'],
  keepalive_seconds: [
    value.seconds,
    'Seconds of silence (1 to 300) after which a stream is sent an SSE comment; 0 for never, whoever asks.',
  ],
  allow_client_keepalive_override: [
    value.flag,
    'x-litellm-keepalive-seconds of a request wins over keepalive_seconds.',
  ],
  max_budget: [value.budgetUsd, 'US dollars that may be spent here. 0 takes it out.'],
  budget_duration: [value.period, 'The period of max_budget. Default total.'],
  num_retries: [value.count, 'Retries after a failure here.'],
  max_retries: [value.count, "A provider client's retries in LiteLLM; added to the retries after a failure here."],
  cooldown_time: [value.seconds, 'Seconds it rests after failing; 0 disables.'],
  base_model: [value.text, 'The model whose price and limits apply.'],
  drop_params: [value.flag, 'Leave out parameters that the upstream does not take.'],
  additional_drop_params: [value.texts, 'Always leave out these parameters.'],
  allowed_openai_params: [value.texts, 'Always let these parameters through.'],
  silent_model: [value.text, 'A pool that gets a copy of every call, whose answer is thrown away.'],
  turn_off_message_logging: [value.flag, 'No prompt and no answer of its calls is told to callbacks and spans.'],
  litellm_disabled_callbacks: [value.wordOrWords, 'Callbacks, as they are named, that do not hear of its calls.'],
  mock_response: [mockResponse, 'Answers without an upstream.'],
  mock_tool_calls: [value.maps, 'Tool calls of the answer without an upstream.'],
  mock_delay: [value.seconds, 'Seconds before the answer without an upstream.'],
  mock_timeout: [value.flag, 'Waits for the timeout and fails with it.'],
  extra_headers: [value.textMap, 'Sent with every request.'],
  headers: [value.textMap, 'Another name of extra_headers.'],
  user_agent: [value.text, 'The User-Agent sent upstream.'],
  ssl_verify: [z.union([value.flag, value.text]), "false: the upstream's certificate is not verified."],
  ...autoRouterParams,
} as const satisfies Record<string, Honoured>

const infoHonoured = {
  id: [value.text, "The deployment's id. Default: a hash of pool and parameters."],
  base_model: [value.text, 'The model whose price and limits apply; wins over litellm_params.'],
  max_tokens: [value.positiveCount, 'Output tokens at most, where max_output_tokens is absent.'],
  max_input_tokens: [value.positiveCount, 'Prompt tokens at most.'],
  max_output_tokens: [value.positiveCount, 'Output tokens at most.'],
  rpm: [value.amount, 'Requests per minute that the upstream grants.'],
  tpm: [value.amount, 'Tokens per minute that the upstream grants.'],
  order: [value.anyNumber, 'The smallest is used first; litellm_params wins.'],
  cooldown_time: [value.seconds, 'Seconds it rests after failing; litellm_params wins.'],
  allowed_fails: [value.count, 'Failures tolerated within a minute.'],
  allowed_fails_policy: [value.countMap, 'Failures tolerated by class of error.', ALLOWED_FAILS_NAMES],
  blocked: [value.flag, 'Taken out by the operator.'],
  health_check_model: [value.text, 'The model that probes ask; wildcards are probed only with one.'],
  health_check_timeout: [value.positiveSeconds, 'Seconds a probe may take. Default 60.'],
  health_check_max_tokens: [value.positiveCount, 'Tokens a probe may generate. Default 5, with supports_reasoning 64.'],
  health_check_max_tokens_reasoning: [value.positiveCount, 'The same where supports_reasoning is true.'],
  health_check_max_tokens_non_reasoning: [value.positiveCount, 'The same where supports_reasoning is not true.'],
  disable_background_health_check: [value.flag, 'Not probed in the background. Default false.'],
  allow_fail_open: [value.flag, 'If no tag matches, the default deployments may answer.'],
  enable_tag_filtering: [value.flag, "Overrides the router's setting for its pool."],
  access_groups: [value.wordOrWords, 'Names under which keys, teams and users may be granted its pool with others.'],
  supported_environments: [value.texts, 'Left out unless LITELLM_ENVIRONMENT is one of these.'],
} as const satisfies Record<string, Honoured>

export type EntryValues = ValuesOf<typeof entryHonoured>
export type ParamsValues = ValuesOf<typeof paramsHonoured>
export type InfoValues = ValuesOf<typeof infoHonoured>
export { entryHonoured, infoHonoured, paramsHonoured }

/** Request fields that are sent unless the client sets them. */
export const REQUEST_DEFAULTS: readonly string[] =
  `temperature top_p top_k max_tokens max_completion_tokens n stop seed presence_penalty frequency_penalty logit_bias
   logprobs top_logprobs response_format tools tool_choice parallel_tool_calls reasoning_effort thinking
   web_search_options service_tier modalities prediction audio voice safety_settings user dimensions encoding_format
   input_type`.split(/\s+/)

const requestDefaults = Object.fromEntries(
  REQUEST_DEFAULTS.map(name => [name, [value.anything, 'Sent unless the client sets it.'] as const]),
)

/** Beside `model_name`. */
export const entryKeys = table(effect(entryHonoured))

/** In `litellm_params`. Prices are known as well; whatever is not known is sent upstream. */
export const paramsKeys = table(
  effect(paramsHonoured),
  effect(requestDefaults),
  planned(
    'request shaping',
    `modify_params configurable_clientside_auth_params cache_control_injection_points
     merge_reasoning_content_in_choices ensure_alternating_roles user_continue_message assistant_continue_message
     supports_system_message use_chat_completions_api`,
  ),
  planned('pass-through and chained proxies', 'use_in_pass_through use_litellm_proxy litellm_trace_id'),
  planned(
    'providers with credentials of their own kind',
    `vertex_project vertex_credentials vertex_ai_project vertex_ai_location vertex_ai_credentials
     use_psc_endpoint_format aws_access_key_id aws_secret_access_key aws_session_token aws_role_name aws_session_name
     aws_profile_name aws_web_identity_token aws_bedrock_runtime_endpoint tenant_id client_id client_secret
     azure_ad_token azure_username azure_password azure_scope project_id deployment_id adapter_id adapter_source
     adapter_base`,
  ),
  accept('L', 'adaptive_router_config'),
  accept(
    'G',
    `auto_router_routing_compression auto_router_model_compression guardrails! prompt_id prompt_variables
     prompt_version prompt_label`,
  ),
  accept('X', 'roles initial_prompt_value final_prompt_value bos_token eos_token hf_model_name rust'),
  accept(
    'V',
    `vector_store_id vector_store_ids vector_bucket_name index_name embedding_model milvus_text_field s3_bucket_name
     s3_region_name s3_access_key_id s3_secret_access_key s3_encryption_key_id aws_batch_role_arn max_file_size_mb`,
  ),
  accept('S', 'search_tool_name'),
  accept(
    'C',
    `langfuse_public_key langfuse_secret langfuse_secret_key langfuse_host langfuse_prompt_version gcs_bucket_name
     gcs_path_service_account langsmith_api_key langsmith_project langsmith_base_url langsmith_sampling_rate
     langsmith_tenant_id humanloop_api_key arize_api_key arize_space_key arize_space_id posthog_api_key
     posthog_api_url wandb_api_key weave_project_id`,
  ),
  accept('P', 'azure_ad_token_provider client logger_fn'),
  accept(
    'X',
    `metadata litellm_metadata litellm_call_id litellm_session_id fallbacks context_window_fallback_dict retry_policy
     retry_strategy model_list model_config caching caching_groups cache cache_key preset_cache_key ttl no-log
     fastest_response fallback_depth max_fallbacks allowed_model_region provider_specific_header proxy_server_request
     secret_fields model_info verbose id acompletion atext_completion text_completion aimg_generation
     litellm_logging_obj litellm_request_debug litellm_proxy_rate_limit_response force_timeout model_file_id_mapping
     shared_session use_client azure complete_response self`,
  ),
)

/** In `model_info`. Prices and `supports_*` are known as well; whatever is not known is kept as free data. */
export const infoKeys = table(
  effect(infoHonoured),
  effect(
    Object.fromEntries(
      `mode description tier metadata db_model created_at created_by updated_at updated_by
       original_model_id supported_openai_params`
        .split(/\s+/)
        .map(name => [name, [value.anything, 'Shown by /model/info.'] as const]),
    ),
  ),
  plannedGuard('keys, users and teams', 'team_id team_public_model_name direct_access access_via_team_ids'),
  planned('tokenizers of single models', 'custom_tokenizer'),
  accept('V', 'health_check_voice'),
  accept('L', 'adaptive_router_preferences'),
  accept('S', 'web_search_cost_per_request web_search_billing_unit'),
)
