import { withoutEffect } from './budget-fields.ts'

/** Why fields of LiteLLM's are refused when they say anything, and what to do instead. docs/api.md has them all. */
export const WHY_NOT = {
  access_group_ids: "write the groups' names (model_info.access_groups) into models",
  guardrails: 'it runs no guardrails',
  policies: 'it runs no guardrails',
  prompts: 'it keeps no prompts',
  object_permission: 'it serves no MCP servers, vector stores or agents',
  allowed_passthrough_routes: 'it passes nothing through; allowed_routes says what a key may call',
  allowed_vector_store_indexes: 'it serves no vector stores',
  allowed_cache_controls: 'it keeps no answers',
  enforced_params: 'it requires no parameters of calls',
  permissions: 'models, allowed_routes and key_type say what a key may do',
  config: 'router_settings says what holds for a key',
  rotation_interval: 'it changes no keys by itself: call /key/regenerate',
  secret_manager_settings: 'it keeps no keys in secret managers',
} as const satisfies Readonly<Record<string, string>>

type Fields = { readonly [Name in keyof typeof WHY_NOT]: ReturnType<typeof withoutEffect> }

/** Those fields: nothing is fine, anything else is refused with the reason. */
export const foreignFields = Object.fromEntries(
  Object.entries(WHY_NOT).map(([name, why]) => [name, withoutEffect(why)]),
) as Fields

const { guardrails, policies, prompts, object_permission } = foreignFields
const { access_group_ids, allowed_passthrough_routes, allowed_vector_store_indexes } = foreignFields

/** Those that keys, teams and users have. */
export const foreignToAll = { guardrails, policies, prompts, object_permission } as const

/** Those that keys and teams have. */
export const foreignToKeysAndTeams = {
  ...foreignToAll,
  access_group_ids,
  allowed_passthrough_routes,
  allowed_vector_store_indexes,
} as const
