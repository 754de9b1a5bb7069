import { accept, effect, table } from './entry.ts'
import * as value from './values.ts'

/** The keys of the file itself. */
export const topKeys = table(
  effect({
    model_list: [value.maps, 'The deployments.'],
    router_settings: [value.map, 'How calls are routed, repeated and moved.'],
    litellm_settings: [value.map, 'Callbacks, logging and defaults.'],
    general_settings: [value.map, 'The gateway.'],
    environment_variables: [value.textMap, 'Names and values, set before anything else is read.'],
    include: [value.texts, 'Further YAML files, relative to the directory of the main one.'],
    credential_list: [value.maps, 'Credentials by name: [{credential_name, credential_values}].'],
    callback_settings: [value.map, 'Options of callbacks: {otel: {message_logging}}.'],
    tollgate_settings: [value.map, 'What LiteLLM does not have.'],
  }),
  accept('G', 'guardrails! policies! policy_attachments! prompts'),
  accept('A', 'assistant_settings'),
  accept('S', 'search_tools'),
  accept('V', 'finetune_settings files_settings vector_store_registry default_vertex_config'),
  accept('M', 'mcp_servers mcp_tools agent_list'),
  accept('U', 'worker_registry'),
)
