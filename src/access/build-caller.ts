import { type AccessGroups, withGroups } from '../core/access-groups.ts'
import type { BudgetTerms } from '../core/budget.ts'
import type { Caller, PoolGrant, RateLimit, Role } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import { budgetTerms, keyBudgetTerms, memberSubject } from './budget-terms.ts'
import type { CallerRow } from './caller-rows.ts'
import {
  dataOf,
  type KeyData,
  type OrganizationData,
  over,
  type PlanData,
  type TeamData,
  type UserData,
} from './fields.ts'
import { keySubject } from './key-subject.ts'
import { rateLimits } from './rate-limits.ts'
import { routerOptions } from './router-options.ts'

/** What the configuration says of all callers. */
export interface CallerSettings {
  /** The gateway's own budget, where there is one. */
  readonly gatewayBudgets: readonly BudgetTerms[]
  /** The gateway's own limits (`global_max_parallel_requests`). */
  readonly gatewayLimits: readonly RateLimit[]
  /** Calls at once of every key that does not say (`general_settings.max_parallel_requests`). */
  readonly keyParallel?: number | undefined
  /** Names in lists of pools that stand for several. Default: none. */
  readonly accessGroups?: AccessGroups | undefined
  /** Users' budgets hold for their team keys as well (`apply_user_budget_to_team_keys`). */
  readonly userBudgetForTeamKeys: boolean
}

/** The rows of a key with their `data` read. */
interface Parts {
  readonly row: CallerRow
  readonly key: KeyData
  readonly user: UserData
  readonly team: TeamData
  readonly member: PlanData
  readonly organization: OrganizationData
}

/** Makes a caller of a key's rows. `now` is the store's clock. */
export function buildCaller(row: CallerRow, settings: CallerSettings, now: Ms): Caller {
  const parts = partsOf(row)
  const { key, team } = parts
  const tags = [...new Set([...tagsOf(key), ...tagsOf(team)])]
  const pools = grants(parts, settings.accessGroups)
  const priority = text(key.metadata?.priority) ?? text(team.metadata?.priority)
  const aliases = { ...team.model_aliases, ...key.aliases }
  return {
    keyId: row.id,
    role: roleOf(row),
    ...(row.alias && { keyAlias: row.alias }),
    ...(row.user_id && { userId: row.user_id }),
    ...(row.team_id && { teamId: row.team_id }),
    ...(row.team_alias && { teamAlias: row.team_alias }),
    ...(row.organization_id && { organizationId: row.organization_id }),
    ...(tags.length > 0 && { tags }),
    ...(pools.length > 0 && { pools }),
    ...(Object.keys(aliases).length > 0 && { aliases }),
    ...(key.allowed_routes?.length && { routes: key.allowed_routes }),
    ...(priority && { priority }),
    budgets: budgetsOf(parts, settings, now),
    limits: limitsOf(parts, settings),
    ...routerOptions(key.router_settings, team.router_settings),
    ...(key.metadata && { metadata: key.metadata }),
  }
}

function partsOf(row: CallerRow): Parts {
  const team = dataOf<TeamData>(row.team_data)
  const memberDefaults: PlanData = {
    max_budget: team.team_member_budget ?? null,
    budget_duration: team.team_member_budget_duration ?? null,
    rpm_limit: team.team_member_rpm_limit ?? null,
    tpm_limit: team.team_member_tpm_limit ?? null,
  }
  const memberPlan = over(dataOf<PlanData>(row.member_plan_data), memberDefaults)
  return {
    row,
    key: over<KeyData>(dataOf<KeyData>(row.data), dataOf<PlanData>(row.plan_data)),
    user: dataOf<UserData>(row.user_data),
    team,
    member: over(dataOf<PlanData>(row.member_data), memberPlan),
    organization: dataOf<OrganizationData>(row.organization_data),
  }
}

/** A key that belongs to nobody manages nothing. */
function roleOf({ user_role, team_id }: CallerRow): Role {
  if (user_role !== null && ROLES.has(user_role)) return user_role as Role
  return team_id === null ? 'customer' : 'team'
}

const ROLES: ReadonlySet<string> = new Set<Role>([
  'proxy_admin',
  'proxy_admin_viewer',
  'org_admin',
  'internal_user',
  'internal_user_viewer',
  'team',
  'customer',
])

function budgetsOf(parts: Parts, settings: CallerSettings, now: Ms): readonly BudgetTerms[] {
  const { row, key, user, team, member, organization } = parts
  const budgets = [...keyBudgetTerms({ subject: keySubject(row.id, key), name: row.alias }, key, now)]
  if (row.team_id && row.user_id && row.member_role) {
    const subject = memberSubject(row.team_id, row.user_id)
    budgets.push(...budgetTerms({ level: 'team_member', subject }, member))
  }
  if (row.user_id && (!row.team_id || settings.userBudgetForTeamKeys))
    budgets.push(...budgetTerms({ level: 'user', subject: row.user_id, name: row.user_alias }, user))
  if (row.team_id) budgets.push(...budgetTerms({ level: 'team', subject: row.team_id, name: row.team_alias }, team))
  if (row.organization_id) {
    const name = row.organization_alias
    budgets.push(...budgetTerms({ level: 'organization', subject: row.organization_id, name }, organization))
  }
  // As long as it is: an array that was pushed to keeps room for 16 more.
  return budgets.concat(settings.gatewayBudgets)
}

function limitsOf(parts: Parts, settings: CallerSettings): readonly RateLimit[] {
  const { row, key, user, team, member, organization } = parts
  const parallel = key.max_parallel_requests ?? settings.keyParallel ?? null
  const ofKey = { level: 'key', subject: keySubject(row.id, key), name: row.alias, poolLevel: 'model_per_key' } as const
  const limits = rateLimits(ofKey, { ...key, max_parallel_requests: parallel })
  if (row.team_id && row.user_id && row.member_role)
    limits.push(...rateLimits({ level: 'team_member', subject: memberSubject(row.team_id, row.user_id) }, member))
  if (row.user_id) limits.push(...rateLimits({ level: 'user', subject: row.user_id, name: row.user_alias }, user))
  if (row.team_id) {
    const ofTeam = { level: 'team', subject: row.team_id, name: row.team_alias, poolLevel: 'model_per_team' } as const
    limits.push(...rateLimits(ofTeam, team))
  }
  if (row.organization_id) {
    const name = row.organization_alias
    limits.push(...rateLimits({ level: 'organization', subject: row.organization_id, name }, organization))
  }
  return limits.concat(settings.gatewayLimits)
}

/** LiteLLM's words for lists of pools: all there are, all of the team's, none. */
const ALL_POOLS: ReadonlySet<string> = new Set(['all-proxy-models', '*'])
const TEAMS_POOLS = 'all-team-models'
const NO_POOLS = 'no-default-models'

/** Users' lists hold for their personal keys, as LiteLLM has it. */
function grants({ row, key, user, team, organization }: Parts, groups: AccessGroups | undefined): readonly PoolGrant[] {
  const grants: PoolGrant[] = []
  const add = (level: PoolGrant['level'], models: readonly string[] | null | undefined) => {
    if (!models || models.length === 0 || models.some(name => ALL_POOLS.has(name))) return
    // Everything that the team may; without a team that is nothing.
    if (level === 'key' && row.team_id && models.includes(TEAMS_POOLS)) return
    const named = models.filter(name => name !== NO_POOLS && name !== TEAMS_POOLS)
    grants.push({ level, pools: withGroups(named, groups) })
  }
  add('key', key.models)
  if (row.team_id) add('team', team.models)
  else if (row.user_id) add('user', user.models)
  if (row.organization_id) add('organization', organization.models)
  return grants
}

/** The tags of all calls of a key, or of a team's keys. */
export function tagsOf({ tags, metadata }: Pick<KeyData, 'tags' | 'metadata'>): readonly string[] {
  const said = tags ?? metadata?.tags
  return Array.isArray(said) ? said.filter(tag => typeof tag === 'string') : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
