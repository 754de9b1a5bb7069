import {
  ACCESS_DEFAULTS,
  type AccessSettings,
  type BudgetDefault,
  type KeyCeilings,
} from '../../core/access-settings.ts'
import type { Json } from '../../core/json.ts'
import { usdToNano } from '../../core/money.ts'
import type { Honoured } from '../keys/entry.ts'
import * as value from '../keys/values.ts'
import { readValues } from '../read-values.ts'
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

/** What is configured of keys, users and teams beside what is written at each of them. */
export function compileAccess(context: CompileContext): AccessSettings {
  const { general, litellm, document, findings } = context
  const ceilings = document.section('litellm_settings')?.section('upperbound_key_generate_params')
  const userAmount =
    litellm.max_internal_user_budget ?? litellm.default_max_internal_user_budget ?? litellm.max_user_budget
  return {
    ...ACCESS_DEFAULTS,
    cache: {
      size: general.user_api_key_cache_max_size ?? ACCESS_DEFAULTS.cache.size,
      ttlMs: toMs(general.user_api_key_cache_ttl) ?? ACCESS_DEFAULTS.cache.ttlMs,
    },
    keyDefaults: fieldsOf('default_key_generate_params', context),
    userDefaults: fieldsOf('default_internal_user_params', context),
    teamDefaults: fieldsOf('default_team_params', context),
    keyCeilings: defined(readValues(ceilings, CEILINGS, findings)) satisfies KeyCeilings,
    ...defined({
      userBudget: budgetDefault(userAmount, litellm.internal_user_budget_duration),
      endUserBudget: budgetDefault(litellm.max_end_user_budget, undefined),
      endUserPlan: litellm.max_end_user_budget_id,
      keySoftLimit: litellm.default_soft_budget === undefined ? undefined : usdToNano(litellm.default_soft_budget),
    }),
  }
}

function budgetDefault(usd: number | undefined, period: string | undefined): BudgetDefault | undefined {
  return usd === undefined ? undefined : { limit: usdToNano(usd), period: period ?? 'total' }
}

type DefaultsKey = 'default_key_generate_params' | 'default_internal_user_params' | 'default_team_params'

/** As they are written, with what could be judged in the form that it was read in. */
function fieldsOf(key: DefaultsKey, { document, findings }: CompileContext): Readonly<Record<string, Json>> {
  const section = document.section('litellm_settings')?.section(key)
  const written = Object.entries(section?.value ?? {}).filter(([, one]) => one !== null)
  return { ...Object.fromEntries(written), ...defined(readValues(section, DEFAULTS, findings)) }
}
