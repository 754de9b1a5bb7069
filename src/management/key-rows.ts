import type { Kysely, Transaction } from 'kysely'
import { keyBudgetTerms } from '../access/budget-terms.ts'
import { dataOf, type KeyData, over, type PlanData } from '../access/fields.ts'
import { isKeyId } from '../access/key-hash.ts'
import { keySubject } from '../access/key-subject.ts'
import type { Caller } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Database, KeyRow, TeamRow } from '../store/schema.ts'
import type { Changed } from './change.ts'
import { setBudgets } from './entity-budgets.ts'
import { auditable, readData } from './entity-data.ts'
import { badRequest, notAllowed, notFound } from './errors.ts'
import type { OperationContext } from './operation.ts'
import { textsOf } from './organization-bounds.ts'
import { type Reach, reachOf, type TeamRight, teamRight } from './reach.ts'
import { DEFAULT_PERMISSIONS } from './team-fields.ts'

/** How somebody stands to a key; undefined: it is not theirs to know of. `self`: it is the key that they call with. */
export type KeyRight = TeamRight | 'owner' | 'self'

/** A key as the caller stands to it. */
export interface FoundKey {
  readonly key: KeyRow
  readonly right: KeyRight
  readonly reach: Reach
  readonly team: TeamRow | undefined
}

/** The hash of keys; the store that has keys has one. */
export function hashOf({ keyHash }: OperationContext) {
  if (keyHash) return keyHash
  throw new Failure('not_implemented', 'keys need a store', { code: 'no_db_connection' })
}

/** The id of a key that a request names by itself or by its id. */
export function keyIdOf(context: OperationContext, named: string): string {
  return isKeyId(named) ? named : hashOf(context).idOf(named)
}

/** A key that was named, for messages: never the key itself. */
function shownReference(named: string): string {
  return isKeyId(named) ? named : `…${named.slice(-4)}`
}

/**
 * `said`: what a message calls it. Default: the key's id, or its last characters.
 * @throws Failure `not_found` when there is none, or none that the caller may know of.
 */
export async function findKey(
  db: Kysely<Database>,
  context: OperationContext,
  named: string,
  said = shownReference(named),
): Promise<FoundKey> {
  const id = keyIdOf(context, named)
  const key = await db.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirst()
  const found = key && (await standing(db, context.caller, key))
  if (!found) throw notFound('key', said)
  return found
}

async function standing(db: Kysely<Database>, caller: Caller, key: KeyRow): Promise<FoundKey | undefined> {
  const reach = await reachOf(db, caller)
  const team =
    key.team_id === null
      ? undefined
      : await db.selectFrom('teams').selectAll().where('id', '=', key.team_id).executeTakeFirst()
  const right = keyRight({ reach, caller, key, team })
  return right && { key, right, reach, team }
}

interface Standing {
  readonly reach: Reach
  readonly caller: Caller
  readonly key: KeyRow
  readonly team: TeamRow | undefined
}

function keyRight({ reach, caller, key, team }: Standing): KeyRight | undefined {
  const asTeam = team && teamRight(reach, team)
  if (reach.kind === 'all' || asTeam === 'organization' || asTeam === 'admin') return asTeam ?? 'all'
  if (!team && key.organization_id !== null && reach.organizations.has(key.organization_id)) return 'organization'
  if (key.user_id !== null && key.user_id === caller.userId) return 'owner'
  if (reach.kind === 'reads') return 'reads'
  if (key.id === caller.keyId) return 'self'
  return team && asTeam === 'member' && mayAsMember(team, '/key/info') ? 'member' : undefined
}

/** Whether the members of a team may do something with its keys. */
export function mayAsMember(team: TeamRow, path: string): boolean {
  const said = readData(team).team_member_permissions
  return (said === undefined ? DEFAULT_PERMISSIONS : textsOf(said)).includes(path)
}

/** Whoever stands above a key: they may give it what its owner may not take. */
export function isAbove(right: KeyRight): boolean {
  return right === 'all' || right === 'organization' || right === 'admin'
}

/**
 * The key for a change, locked against other changes until the transaction ends. `path` is the permission that members of
 * a team need for their own keys of it.
 */
export async function lockKey(
  trx: Transaction<Database>,
  context: OperationContext,
  { named, said, path }: { readonly named: string; readonly said?: string | undefined; readonly path: string },
): Promise<FoundKey> {
  const id = keyIdOf(context, named)
  await trx.updateTable('keys').set({ id }).where('id', '=', id).execute()
  const found = await findKey(trx, context, named, said)
  requireHand(context.caller, found, path)
  return found
}

function requireHand(caller: Caller, { right, key, team }: FoundKey, path: string): void {
  if (right === 'all') return
  // A key of a team, in whosever hands it is, reaches no further than its team.
  requireSameTeam(caller, key)
  if (isAbove(right)) return
  if (right === 'owner' && (!team || mayAsMember(team, path))) return
  if (right === 'owner') throw memberMayNot(path)
  throw notAllowed('only its owner and those who administer it may change this key')
}

export function memberMayNot(path: string): Failure {
  return new Failure('forbidden', `members of the team may not call ${path}: its administrator can permit it`, {
    code: 'team_member_permission_error',
  })
}

/** @throws Failure `forbidden` when the caller's own key is bound to a team or organization, and this is another one's. */
export function requireSameTeam(
  caller: Caller,
  target: { readonly team_id: string | null; readonly organization_id: string | null },
): void {
  if (caller.teamId !== undefined && caller.teamId !== target.team_id)
    throw notAllowed(`the key that you call with is one of team '${caller.teamId}', and changes keys of that team only`)
  const { organizationId, teamId } = caller
  if (teamId === undefined && organizationId !== undefined && organizationId !== target.organization_id)
    throw notAllowed(`the key that you call with changes keys of organization '${organizationId}' only`)
}

/** A key's fields with those of its plan under them. */
export async function effectiveData(db: Kysely<Database>, key: Pick<KeyRow, 'data' | 'plan_id'>): Promise<KeyData> {
  const own = dataOf<KeyData>(key.data)
  if (key.plan_id === null) return own
  const plan = await db.selectFrom('plans').select('data').where('id', '=', key.plan_id).executeTakeFirst()
  if (!plan) throw notFound('budget', key.plan_id)
  return over<KeyData>(own, dataOf<PlanData>(plan.data))
}

/** Writes a key that is new, or as it is after a change, with its budgets. */
export async function saveKey(
  trx: Transaction<Database>,
  now: Ms,
  { before, after }: { readonly before?: KeyRow; readonly after: KeyRow },
): Promise<readonly Changed[]> {
  await requireFreeAlias(trx, after.alias, [after.id, ...(before ? [before.id] : [])])
  if (before) await trx.updateTable('keys').set(after).where('id', '=', before.id).execute()
  else await insertKey(trx, after)
  const data = await effectiveData(trx, after)
  const subject = keySubject(after.id, data)
  const terms = keyBudgetTerms({ subject, name: after.alias ?? after.name }, data, now)
  await setBudgets(trx, now, [{ level: 'key', subject, fields: data, terms }])
  const changed: Changed = { kind: 'key', id: after.id, after: auditable(after) }
  if (!before) return [changed]
  if (before.id === after.id) return [{ ...changed, before: auditable(before) }]
  return [changed, { kind: 'key', id: before.id, before: auditable(before) }]
}

async function insertKey(trx: Transaction<Database>, key: KeyRow): Promise<void> {
  const written = await trx
    .insertInto('keys')
    .values(key)
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!written) throw badRequest('there is such a key already', 'key')
}

async function requireFreeAlias(
  trx: Transaction<Database>,
  alias: string | null,
  own: readonly string[],
): Promise<void> {
  if (alias === null) return
  const other = await trx
    .selectFrom('keys')
    .select('id')
    .where('alias', '=', alias)
    .where('id', 'not in', own)
    .executeTakeFirst()
  if (other) throw badRequest(`another key has the alias '${alias.slice(0, 100)}'`, 'key_alias')
}
