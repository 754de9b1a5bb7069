import type { Kysely } from 'kysely'
import { tagsOf } from '../access/build-caller.ts'
import { dataOf, type KeyData, type RateFields } from '../access/fields.ts'
import { grantsNoMore } from '../access/may-call.ts'
import type { AccessGroups } from '../core/access-groups.ts'
import type { Caller, PoolGrant, RateLimit } from '../core/caller.ts'
import { covers } from '../core/may-use.ts'
import type { Database, KeyRow } from '../store/schema.ts'
import { readData } from './entity-data.ts'
import { notAllowed } from './errors.ts'
import { requireOwnPlan } from './key-plan.ts'
import { effectiveData } from './key-rows.ts'
import type { OperationContext } from './operation.ts'

/** A key as it would be, with its plan's fields, and what it was. */
export interface Proposal {
  readonly before?: KeyRow | undefined
  readonly after: KeyRow
}

/**
 * Refuses a key that may do more than the key that makes, changes or renews it: pools, routes, tags, rates, time, and above
 * all money. What a user, team or organization may not, none of their keys may either, and that is judged at every call; this
 * is about what the maker's own key may not, which the new key would not be held to.
 * @throws Failure `forbidden`, naming the field
 */
export async function requireNoMore(
  db: Kysely<Database>,
  context: Pick<OperationContext, 'caller' | 'accessGroups' | 'access'>,
  { before, after }: Proposal,
): Promise<void> {
  const { caller, accessGroups } = context
  if (caller.role === 'proxy_admin') return
  await requireOwnPlan(db, context, { before, after })
  const data = await effectiveData(db, after)
  if (!isAsBefore(before, after)) requireOwnPowers(caller, after, data)
  requirePools(caller, data, accessGroups)
  requireRoutes(caller, data)
  const own = await db.selectFrom('keys').selectAll().where('id', '=', caller.keyId).executeTakeFirst()
  const ownData = own && (await effectiveData(db, own))
  if (ownData) requireTags(ownData, data)
  requireRates(caller, withConfigured(caller, data, ownData))
  requireMoney(caller, { before, after })
  if (own) requireTime(own, after)
}

/** How many calls at once a key makes that does not say: as many as the caller's makes, where that one does not say either. */
function withConfigured({ limits }: Caller, data: KeyData, own: KeyData | undefined): KeyData {
  if (typeof own?.max_parallel_requests === 'number' || typeof data.max_parallel_requests === 'number') return data
  const parallel = limits.find(({ level }) => level === 'key')?.parallel
  return parallel === undefined ? data : { ...data, max_parallel_requests: parallel }
}

/** Whether it stays the same secret with the same powers: whoever changes it never sees it. */
function isAsBefore(before: KeyRow | undefined, after: KeyRow): boolean {
  const routes = (key: KeyRow) => JSON.stringify(readData(key).allowed_routes ?? [])
  return before?.id === after.id && before.user_id === after.user_id && routes(before) === routes(after)
}

/** A key that carries another's name asks models for them and manages nothing in their name. */
function requireOwnPowers(caller: Caller, { user_id }: KeyRow, { allowed_routes }: KeyData): void {
  if (user_id === null || user_id === caller.userId) return
  if (allowed_routes?.length && grantsNoMore(allowed_routes, ['llm_api_routes'])) return
  throw notAllowed("a key of another user's must have allowed_routes: ['llm_api_routes']", 'allowed_routes')
}

function requirePools({ pools }: Caller, { models }: KeyData, groups: AccessGroups | undefined): void {
  const own = pools?.find(grant => grant.level === 'key')
  if (!own) return
  const asked = models ?? []
  if (asked.length === 0)
    throw notAllowed(`the key that you call with has models of its own: name some of ${list(own.pools)}`, 'models')
  const beyond = asked.find(name => name !== 'no-default-models' && !isWithin(own, name, groups))
  if (beyond !== undefined)
    throw notAllowed(`the key that you call with may not use '${beyond.slice(0, 100)}': ${list(own.pools)}`, 'models')
}

/** Words for more than any list of names, which `*` in a name does not stand for. */
const WIDER: ReadonlySet<string> = new Set(['all-proxy-models', 'all-team-models'])

function isWithin({ pools }: PoolGrant, name: string, groups: AccessGroups | undefined): boolean {
  if (WIDER.has(name)) return false
  // A group is granted by its own name: what a pattern happens to match of it says nothing about the pools in it.
  if (groups?.has(name)) return pools.includes(name) || pools.includes('*')
  return pools.some(grant => covers(grant, name))
}

function requireRoutes({ routes }: Caller, { allowed_routes }: KeyData): void {
  if (grantsNoMore(allowed_routes ?? [], routes)) return
  throw notAllowed(`the key that you call with has the allowed_routes ${list(routes ?? [])}`, 'allowed_routes')
}

/** A tag may have a budget and limits, and choose deployments: what its keys are held to, keys without it are not. */
function requireTags(own: KeyData, data: KeyData): void {
  const tags = tagsOf(data)
  const lacks = tagsOf(own).find(tag => !tags.includes(tag))
  if (lacks === undefined) return
  throw notAllowed(`the key that you call with has the tag '${lacks.slice(0, 100)}': set it as well`, 'tags')
}

/** Each limit of the caller's key, to be had in the same measure at most. */
function requireRates({ limits }: Caller, data: KeyData): void {
  for (const limit of limits) {
    if (limit.level !== 'key' && limit.level !== 'model_per_key') continue
    for (const [name, most, asked] of measures(limit, data)) {
      if (most === undefined || (typeof asked === 'number' && asked <= most)) continue
      throw notAllowed(`the key that you call with has ${name} ${most}: set no more than that`, name)
    }
  }
}

type Measure = readonly [name: string, most: number | undefined, asked: number | null | undefined]

function measures({ pool, rpm, tpm, parallel }: RateLimit, data: RateFields): readonly Measure[] {
  if (pool === undefined)
    return [
      ['rpm_limit', rpm, data.rpm_limit],
      ['tpm_limit', tpm, data.tpm_limit],
      ['max_parallel_requests', parallel, data.max_parallel_requests],
    ]
  return [
    ['model_rpm_limit', rpm, least(data.rpm_limit, data.model_rpm_limit?.[pool])],
    ['model_tpm_limit', tpm, least(data.tpm_limit, data.model_tpm_limit?.[pool])],
  ]
}

function least(one: number | null | undefined, other: number | undefined): number | undefined {
  const said = [one, other].filter(value => typeof value === 'number')
  return said.length === 0 ? undefined : Math.min(...said)
}

const MONEY_FIELDS = [
  'max_budget',
  'budget_duration',
  'model_max_budget',
  'budget_limits',
  'temp_budget_increase',
  'temp_budget_expiry',
] as const

/**
 * Ten keys with the budget of one spend ten times as much. So a key with a budget of its own makes, changes and renews no
 * other ones, and does not change its own budget.
 */
function requireMoney(caller: Caller, { before, after }: Proposal): void {
  if (before?.id !== caller.keyId) return requireNoBudget(caller)
  if (!hasBudget(caller)) return
  const was = dataOf<KeyData>(before.data)
  const other = MONEY_FIELDS.find(
    name => JSON.stringify(was[name] ?? null) !== JSON.stringify(readData(after)[name] ?? null),
  )
  if (other !== undefined || before.plan_id !== after.plan_id)
    throw notAllowed('a key does not change its own budget', other ?? 'budget_id')
}

/** @throws Failure `forbidden` for a caller whose key has a budget of its own. */
export function requireNoBudget(caller: Caller): void {
  if (caller.role === 'proxy_admin' || !hasBudget(caller)) return
  throw notAllowed('the key that you call with has a budget of its own, which another key would not be held to')
}

function hasBudget({ budgets }: Caller): boolean {
  return budgets.some(budget => budget.level === 'key' && budget.limit !== undefined)
}

/** What ends must not outlive itself in another key. */
function requireTime(own: KeyRow, { expires_at }: KeyRow): void {
  if (own.expires_at === null || (expires_at !== null && expires_at <= own.expires_at)) return
  throw notAllowed('the key that you call with expires, and a later end cannot be set with it', 'duration')
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.slice(0, 20).join(', ')
}
