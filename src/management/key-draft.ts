import type { Transaction } from 'kysely'
import { KEY_TYPES } from '../access/may-call.ts'
import type { Ms } from '../core/clock.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { Database, KeyRow } from '../store/schema.ts'
import { type Patch, patched, readData } from './entity-data.ts'
import { badRequest, notAllowed, notFound } from './errors.ts'
import { duration, endOf } from './fields.ts'
import { isAbove, type KeyRight } from './key-rows.ts'

/** What a request may say of a key. What has a column, what sets something, and all else: fields of `data`. */
export interface KeyRequest {
  readonly key_alias?: string | null | undefined
  readonly user_id?: string | null | undefined
  readonly team_id?: string | null | undefined
  readonly organization_id?: string | null | undefined
  readonly budget_id?: string | null | undefined
  readonly blocked?: boolean | null | undefined
  readonly duration?: string | null | undefined
  readonly key_type?: string | null | undefined
  readonly temp_budget_expiry?: string | null | undefined
  readonly [field: string]: Json | undefined
}

/** Fields that do not stand in `data` under their names. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  ...['key', 'keys', 'key_alias', 'user_id', 'team_id', 'organization_id', 'budget_id', 'blocked'],
  ...['duration', 'key_type', 'spend', 'new_key', 'temp_budget_expiry'],
])

/** A key as it is after what a request says of it; absent fields stay, null takes away. */
export function keyAfter(
  before: KeyRow,
  said: KeyRequest,
  { now, by }: { readonly now: Ms; readonly by: string },
): KeyRow {
  const fields = Object.entries(said).filter(([name]) => !ELSEWHERE.has(name))
  const patch: Patch = { ...Object.fromEntries(fields), ...routes(said), ...increaseEnd(said, now) }
  const data = patched(readData(before), patch)
  requireIncreaseEnds(said, data, now)
  return {
    ...before,
    alias: kept(said.key_alias, before.alias),
    user_id: kept(said.user_id, before.user_id),
    team_id: kept(said.team_id, before.team_id),
    organization_id: kept(said.organization_id, before.organization_id),
    plan_id: kept(said.budget_id, before.plan_id),
    blocked: said.blocked === undefined ? before.blocked : Number(said.blocked ?? false),
    expires_at: said.duration === undefined ? before.expires_at : said.duration && endOf(said.duration, now),
    data: JSON.stringify(data),
    updated_at: now,
    updated_by: by,
  } as KeyRow
}

function kept<Value>(said: Value | null | undefined, before: Value | null): Value | null {
  return said === undefined ? before : said
}

function routes({ key_type: type, allowed_routes }: KeyRequest): Patch {
  if (!type) return {}
  if (Array.isArray(allowed_routes) && allowed_routes.length > 0)
    throw badRequest('say allowed_routes or key_type, not both', 'key_type')
  return { allowed_routes: KEY_TYPES[type] ?? [] }
}

function increaseEnd({ temp_budget_expiry: end }: KeyRequest, now: Ms): Patch {
  if (end === undefined || end === null) return end === null ? { temp_budget_expiry: null } : {}
  return { temp_budget_expiry: duration.safeParse(end).success ? endOf(end, now) : utcTime(end) }
}

/** A time that names no zone would otherwise be one of the zone that this machine happens to stand in. */
function utcTime(said: string): Ms {
  return Date.parse(/T[\d:.]+$/.test(said) ? `${said}Z` : said)
}

/** @throws Failure `invalid_request` for an increase that would never hold. */
function requireIncreaseEnds(said: KeyRequest, data: JsonObject, now: Ms): void {
  const { temp_budget_increase: more, temp_budget_expiry: end } = data
  if (said.temp_budget_increase === undefined && said.temp_budget_expiry === undefined) return
  if (more === undefined && !said.temp_budget_expiry) return
  if (typeof end !== 'number')
    throw badRequest('a temporary increase needs an end: say temp_budget_expiry as well', 'temp_budget_expiry')
  if (end <= now) throw badRequest('temp_budget_expiry is past', 'temp_budget_expiry')
}

/** Fields that only those above a key write, whoever owns it. */
const FROM_ABOVE = ['blocked', 'temp_budget_increase', 'temp_budget_expiry'] as const
/** Fields that only administrators of the gateway write: they take a key out of what bounds it. */
const FROM_THE_TOP = ['team_id', 'user_id', 'organization_id', 'spend', 'key', 'new_key'] as const

/** @throws Failure `forbidden`, naming the field that this caller may not change. */
export function requireMayChange(before: KeyRow, said: KeyRequest, right: KeyRight): void {
  if (right === 'all') return
  const columns: Readonly<Record<string, unknown>> = { ...before }
  const top = FROM_THE_TOP.find(name => said[name] !== undefined && said[name] !== columns[name])
  if (top) throw notAllowed(`only administrators of the gateway set ${top} of a key`, top)
  const above = isAbove(right) ? undefined : FROM_ABOVE.find(name => said[name] !== undefined)
  if (above) throw notAllowed(`only those who administer a key set its ${above}`, above)
  requireSamePriority(readData(before), said)
}

/** A share of reserved capacity is the gateway's to give. */
export function requireSamePriority(before: JsonObject, { metadata }: KeyRequest): void {
  if (metadata === undefined) return
  if (JSON.stringify(priorityOf(before.metadata)) === JSON.stringify(priorityOf(metadata))) return
  throw notAllowed('metadata.priority is set by administrators of the gateway', 'metadata')
}

function priorityOf(metadata: Json | undefined): Json | undefined {
  return isObject(metadata) ? metadata.priority : undefined
}

/**
 * Where a key shall belong is there, and stays there until the key stands in it: nothing would bound the key otherwise.
 * @throws Failure `not_found` when it is not
 */
export async function requirePlaces(trx: Transaction<Database>, key: KeyRow, before?: KeyRow): Promise<void> {
  if (key.organization_id !== null && key.organization_id !== before?.organization_id) {
    const { organization_id: id } = key
    // An update is the lock that SQLite and PostgreSQL both have a word for.
    const organizations = trx.updateTable('organizations').set({ id }).where('id', '=', id)
    if (!(await organizations.returning('id').executeTakeFirst())) throw notFound('organization', id)
  }
  if (key.team_id === null || (key.team_id === before?.team_id && key.organization_id === before?.organization_id))
    return
  const { team_id: id } = key
  const team = await trx.updateTable('teams').set({ id }).where('id', '=', id).returningAll().executeTakeFirst()
  if (!team) throw notFound('team', id)
  // Otherwise the key would be charged to one organization while its team is held to another.
  if (key.organization_id !== null && key.organization_id !== team.organization_id)
    throw badRequest(`team '${team.id}' is not one of organization '${key.organization_id}'`, 'organization_id')
}
