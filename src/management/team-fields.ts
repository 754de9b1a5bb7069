import { z } from 'zod'
import { budgetFields, limitFields, limitTypes, poolLimitFields, withoutEffect } from './budget-fields.ts'
import { count, id, names, table, taggedMetadata, usd } from './fields.ts'
import { foreignFields, foreignToKeysAndTeams } from './foreign-fields.ts'
import { routerSettings } from './router-fields.ts'

/** An address as people are known by; letters' case does not tell two apart. */
export const email = z
  .string()
  .max(320)
  .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')
  .transform(said => said.toLowerCase())

/** What members may do with keys of the team, besides using them. */
export const TEAM_PERMISSIONS = [
  '/key/generate',
  '/key/update',
  '/key/delete',
  '/key/regenerate',
  '/key/info',
  '/key/list',
  '/key/block',
  '/key/unblock',
  '/key/service-account/generate',
] as const

/** What they may do where a team does not say. */
export const DEFAULT_PERMISSIONS: readonly string[] = ['/key/info']

export const teamPermissions = z.array(z.enum(TEAM_PERMISSIONS)).max(TEAM_PERMISSIONS.length)

/** Somebody as a request names them. */
export const person = {
  user_id: id.optional(),
  user_email: email.optional(),
} as const

export const memberRole = z.enum(['admin', 'user'])

/** The roles of members, for those who named another. */
export const ROLES_SAID = memberRole.options.join(' or ')

export const SAY_WHO = 'say who: user_id or user_email'

/** Requires that a person is named one way or the other. */
export function named(said: { readonly user_id?: string | undefined; readonly user_email?: string | undefined }) {
  return said.user_id !== undefined || said.user_email !== undefined
}

export const member = z.strictObject({ ...person, role: memberRole.default('user') }).refine(named, SAY_WHO)

/** Fields of a team that are kept in `data`. */
export const teamData = {
  ...budgetFields,
  ...limitFields,
  ...poolLimitFields,
  metadata: taggedMetadata.nullish(),
  models: names.nullish(),
  tags: names.nullish(),
  model_aliases: table(id).nullish(),
  ...limitTypes,
  router_settings: routerSettings.nullish(),
  team_member_permissions: teamPermissions.nullish(),
  team_member_budget: usd.nullish(),
  team_member_budget_duration: budgetFields.budget_duration,
  team_member_rpm_limit: count.nullish(),
  team_member_tpm_limit: count.nullish(),
  team_member_key_duration: withoutEffect(),
} as const

/** Fields of LiteLLM's that tollgate does nothing for. */
export const teamNothing = {
  ...foreignToKeysAndTeams,
  secret_manager_settings: foreignFields.secret_manager_settings,
} as const

/** Fields of a team that have a column. */
export const teamColumns = {
  team_alias: id.nullish(),
  organization_id: id.nullish(),
  blocked: z.boolean().nullish(),
} as const

/** The fields in `data`, as they are shown. */
export const TEAM_DATA = Object.keys(teamData)
