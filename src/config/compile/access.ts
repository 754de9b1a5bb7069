import {
  ACCESS_DEFAULTS,
  type AccessSettings,
  CALLER_ROUTER_SETTINGS,
  type CallerRouterSetting,
} from '../../core/access-settings.ts'
import type { Json } from '../../core/json.ts'
import { checkMembers } from '../check-keys.ts'
import type { Findings } from '../finding.ts'
import type { Honoured } from '../keys/entry.ts'
import { litellmHonoured } from '../keys/litellm.ts'
import { routerKeys } from '../keys/router.ts'
import * as value from '../keys/values.ts'
import { readValues } from '../read-values.ts'
import type { Section } from '../tree.ts'
import { type CompileContext, defined, toMs } from './context.ts'

const CEILINGS = {
  max_budget: [value.budgetUsd, 'US dollars.'],
  budget_duration: [value.period, 'The longest period.'],
  duration: [value.duration, 'The longest life.'],
  max_parallel_requests: [value.count, 'Calls under way at once.'],
  tpm_limit: [value.count, 'Tokens per minute.'],
  rpm_limit: [value.count, 'Requests per minute.'],
} as const satisfies Record<string, Honoured>

/** Fields of defaults that can be judged here; the others are judged when somebody is given them. */
const DEFAULTS = { ...CEILINGS, soft_budget: CEILINGS.max_budget } as const satisfies Record<string, Honoured>

/** How those of `router_settings` are written that the API takes in keys and teams. */
const ROUTING = {
  num_retries: [value.count, 'Retries after the first attempt.'],
  max_fallbacks: [value.count, 'Moves to another pool.'],
  timeout: [value.positiveSeconds, 'Seconds one attempt may take.'],
  stream_timeout: [value.positiveSeconds, 'Seconds until the first content of a stream.'],
  fallbacks: [value.maps, 'Pools to try when one has failed.'],
  context_window_fallbacks: [value.maps, 'The same for prompts that are too long.'],
  content_policy_fallbacks: [value.maps, 'The same for refused content.'],
} as const satisfies Record<CallerRouterSetting, Honoured>

/** What is configured of keys, users and teams beside what is written at each of them. */
export function compileAccess(context: CompileContext): AccessSettings {
  const { general, litellm, document, findings } = context
  const ceilings = document.section('litellm_settings')?.section('upperbound_key_generate_params')
  const { max_end_user_budget } = litellm
  return {
    cache: {
      size: general.user_api_key_cache_max_size ?? ACCESS_DEFAULTS.cache.size,
      ttlMs: toMs(general.user_api_key_cache_ttl) ?? ACCESS_DEFAULTS.cache.ttlMs,
    },
    keyDefaults: {
      ...defined({ soft_budget: litellm.default_soft_budget }),
      ...fieldsOf('default_key_generate_params', context),
    },
    userDefaults: { ...userBudget(context), ...fieldsOf('default_internal_user_params', context) },
    teamDefaults: fieldsOf('default_team_params', context),
    keyCeilings: readValues(ceilings, CEILINGS, findings),
    userBudgetForTeamKeys: general.apply_user_budget_to_team_keys ?? false,
    ...defined({
      endUserBudget: max_end_user_budget === undefined ? undefined : { max_budget: max_end_user_budget },
      endUserPlan: litellm.max_end_user_budget_id,
    }),
  }
}

/** LiteLLM's names for what a new user may spend. */
function userBudget({ litellm }: CompileContext): Readonly<Record<string, Json>> {
  const { max_internal_user_budget, default_max_internal_user_budget, max_user_budget } = litellm
  return defined({
    max_budget: max_internal_user_budget ?? default_max_internal_user_budget ?? max_user_budget,
    budget_duration: litellm.internal_user_budget_duration,
  })
}

type DefaultsKey = 'default_key_generate_params' | 'default_internal_user_params' | 'default_team_params'

/** As they are written, with what could be judged in the form that it was read in. */
function fieldsOf(key: DefaultsKey, { document, findings }: CompileContext): Readonly<Record<string, Json>> {
  const section = document.section('litellm_settings')?.section(key)
  // What the API does not take was reported: passed on, it would make every request a wrong one.
  const [, , known] = litellmHonoured[key]
  const written = Object.entries(section?.value ?? {}).filter(([name, one]) => one !== null && known.includes(name))
  const router_settings = routingOf(section?.section('router_settings'), findings)
  return { ...Object.fromEntries(written), ...defined({ ...readValues(section, DEFAULTS, findings), router_settings }) }
}

/** What the API would refuse in every request is said here, and left out. */
function routingOf(section: Section | undefined, findings: Findings): Readonly<Record<string, Json>> | undefined {
  if (!section) return undefined
  const members: readonly string[] = CALLER_ROUTER_SETTINGS
  const elsewhere = Object.keys(section.value).filter(name => routerKeys.has(name) && !members.includes(name))
  for (const name of elsewhere)
    findings.report(section.subject(name), `has no effect in keys and teams, which may have ${members.join(', ')}`)
  checkMembers(section, [...members, ...elsewhere], findings)
  return defined(readValues(section, ROUTING, findings)) as Readonly<Record<string, Json>>
}
