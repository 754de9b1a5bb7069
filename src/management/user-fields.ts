import { z } from 'zod'
import { budgetFields, limitFields, withoutEffect } from './budget-fields.ts'
import { id, metadata, names } from './fields.ts'
import { foreignFields, foreignToAll } from './foreign-fields.ts'
import { email } from './team-fields.ts'

/** The roles of people. `team` and `customer` are what keys without a user are. */
export const userRole = z.enum([
  'proxy_admin',
  'proxy_admin_viewer',
  'org_admin',
  'internal_user',
  'internal_user_viewer',
])

/** Fields of a user that are kept in `data`. */
export const userData = {
  ...budgetFields,
  ...limitFields,
  metadata: metadata.nullish(),
  models: names.nullish(),
  blocked: z.boolean().nullish(),
  sso_user_id: id.nullish(),
} as const

/** Fields of a user that have a column. */
export const userColumns = {
  user_email: email.nullish(),
  user_alias: id.nullish(),
  user_role: userRole.nullish(),
} as const

/** Fields of LiteLLM's that tollgate does nothing for. */
export const userNothing = {
  model_rpm_limit: withoutEffect(),
  model_tpm_limit: withoutEffect(),
  allowed_cache_controls: foreignFields.allowed_cache_controls,
  config: foreignFields.config,
  permissions: foreignFields.permissions,
  aliases: withoutEffect(),
  ...foreignToAll,
  send_invite_email: z.literal(false, { error: 'tollgate sends no mail; leave it out' }).nullish(),
} as const

/** The fields in `data`, as they are shown. */
export const USER_DATA = Object.keys(userData)
