import { z } from 'zod'
import { KEY_TYPES } from '../access/may-call.ts'
import { budgetFields, limitFields, limitTypes, poolLimitFields } from './budget-fields.ts'
import { DURATION_SAID, duration, id, names, table, taggedMetadata, usd } from './fields.ts'
import { foreignFields, foreignToKeysAndTeams, WHY_NOT } from './foreign-fields.ts'
import { routerSettings } from './router-fields.ts'

/** A key as a request names it: the key itself, or the hash that is its id. */
export const keyReference = z.string().min(1).max(256)

/** At least so long is a key of somebody's own making. */
const LEAST_KEY = 16

/** A key that was not made here. */
export const ownKey = z
  .string()
  .max(256)
  .regex(/^sk-[\x21-\x7e]+$/, "must begin with 'sk-' and hold no spaces")
  .min(LEAST_KEY)

/** Fields of a key that are kept in `data`. */
export const keyData = {
  ...budgetFields,
  ...limitFields,
  ...poolLimitFields,
  models: names.nullish(),
  aliases: table(id).nullish(),
  metadata: taggedMetadata.nullish(),
  tags: names.nullish(),
  allowed_routes: z.array(id).max(100).nullish(),
  ...limitTypes,
  router_settings: routerSettings.nullish(),
} as const

/** Fields of a key that have a column. */
export const keyColumns = {
  key_alias: id.nullish(),
  user_id: id.nullish(),
  team_id: id.nullish(),
  organization_id: id.nullish(),
  budget_id: id.nullish(),
  blocked: z.boolean().nullish(),
} as const

/** Fields that are no state of their own: they set one. */
export const keyOrders = {
  /** Until it expires; null, or LiteLLM's `-1`: never. */
  duration: z
    .union([z.literal('-1').transform(() => null), duration], { error: `${DURATION_SAID}; -1 is for ever` })
    .nullish(),
  key_type: z.enum(Object.keys(KEY_TYPES) as [string, ...string[]]).nullish(),
  /** What has been spent, in dollars. */
  spend: usd.nullish(),
} as const

/** Something that LiteLLM would do and tollgate does not: no is fine, yes is refused. */
function never(why: string) {
  return z
    .literal(false, `is not done by tollgate (${why}); leave it out`)
    .nullish()
    .transform(() => undefined)
}

/** Fields of LiteLLM's that tollgate has no use for: those that would protect something are refused when they say anything. */
export const keyNothing = {
  ...foreignToKeysAndTeams,
  allowed_cache_controls: foreignFields.allowed_cache_controls,
  enforced_params: foreignFields.enforced_params,
  permissions: foreignFields.permissions,
  config: foreignFields.config,
  auto_rotate: never(WHY_NOT.rotation_interval),
  rotation_interval: foreignFields.rotation_interval,
  send_invite_email: never('it sends no mail'),
} as const

/** The raise of a key's main budget for some time. */
export const keyIncrease = {
  temp_budget_increase: usd.nullish(),
  /** A duration, or a day or time in ISO 8601; in UTC where it names no zone. */
  temp_budget_expiry: z
    .union([duration, z.iso.date(), z.iso.datetime({ offset: true, local: true })], {
      error: 'must be a duration (30s, 45m, 12h, 30d, 2w, 1mo) or a time (2027-01-15, 2027-01-15T12:00:00Z)',
    })
    .nullish(),
} as const

/** The fields in `data`, as they are shown. */
export const KEY_DATA = Object.keys(keyData)
