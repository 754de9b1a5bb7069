import type { Transaction } from 'kysely'
import { z } from 'zod'
import { keyName, newKey } from '../access/key-hash.ts'
import { budgetId } from '../core/budget.ts'
import type { Caller } from '../core/caller.ts'
import type { Ms } from '../core/clock.ts'
import { usdToNano } from '../core/money.ts'
import { setSpent } from '../store/budgets.ts'
import type { Database, KeyRow } from '../store/schema.ts'
import { type Changed, writeChange } from './change.ts'
import { madeBy } from './entity-data.ts'
import { badRequest, notAllowed, notFound } from './errors.ts'
import { id } from './fields.ts'
import { requireNoMore } from './key-bounds.ts'
import { type KeyRequest, keyAfter, requirePlaces, requireSamePriority } from './key-draft.ts'
import { keyColumns, keyData, keyNothing, keyOrders, ownKey } from './key-fields.ts'
import { hashOf, mayAsMember, memberMayNot, requireSameTeam, saveKey } from './key-rows.ts'
import { oneShownKey, type ShownKey } from './key-view.ts'
import type { Operation, OperationContext } from './operation.ts'
import { insertPerson, lockNamed, type Maker, makerOf, noSuchUser } from './people.ts'
import { type Reach, reachOf, teamRight } from './reach.ts'
import { WRITERS } from './role-groups.ts'

const newKeyInput = z.strictObject({
  ...keyColumns,
  ...keyData,
  ...keyOrders,
  ...keyNothing,
  key: ownKey.nullish(),
})

const serviceInput = newKeyInput.omit({ user_id: true }).extend({ team_id: id, service_account_id: id.nullish() })

export type NewKey = z.infer<typeof newKeyInput>

/** A key as it is shown once: with itself. */
export type MadeKey = ShownKey & { readonly key: string }

/** Makes a key. This is the only time that it is shown. */
export const keyGenerate: Operation<NewKey, MadeKey> = {
  method: 'POST',
  paths: ['/key/generate'],
  name: 'key/generate',
  roles: WRITERS,
  input: newKeyInput,
  run: (context, input) => generate(context, input, { path: '/key/generate', isService: false }),
}

/** Makes a key of a team that belongs to none of its members, and outlives them. */
export const keyServiceAccountGenerate: Operation<z.infer<typeof serviceInput>, MadeKey> = {
  method: 'POST',
  paths: ['/key/service-account/generate'],
  name: 'key/service-account/generate',
  roles: WRITERS,
  input: serviceInput,
  run(context, { service_account_id, ...input }) {
    const name = service_account_id ?? input.key_alias
    const said = { ...input, ...(name && { metadata: { ...input.metadata, service_account_id: name } }) }
    return generate(context, said, { path: '/key/service-account/generate', isService: true })
  },
}

interface Way {
  readonly path: string
  readonly isService: boolean
}

function generate(context: OperationContext, input: NewKey, way: Way): Promise<MadeKey> {
  const { caller } = context
  const hash = hashOf(context)
  return writeChange(context, way.path.slice(1), async (trx, now) => {
    const said: KeyRequest = { ...input, user_id: way.isService ? null : ownerOf(input, caller) }
    if (caller.role !== 'proxy_admin') requireOwn(said)
    const secret = input.key ?? newKey()
    const blank = blankKey({ id: hash.idOf(secret), name: keyName(secret) }, { keyId: caller.keyId, now })
    const key = keyAfter(blank, said, { now, by: caller.keyId })
    await requirePlaces(trx, key)
    // Once the team is locked: whoever is taken out of it meanwhile makes no key of it.
    const reach = await reachOf(trx, caller)
    await requireMayMake(trx, { caller, reach, key, way })
    await requireNoMore(trx, context, { after: key })
    const people = await newPerson(trx, key, { reach, maker: makerOf(context, now) })
    const changed = await saveKey(trx, now, { after: key })
    await spendFirst(trx, now, { key, spend: input.spend })
    const shown = await oneShownKey(trx, key)
    return { result: { key: secret, ...shown }, changed: [...people, ...changed] }
  })
}

/** A key of which nothing is said yet. */
export function blankKey(of: Pick<KeyRow, 'id' | 'name'>, { keyId, now }: { keyId: string; now: Ms }): KeyRow {
  const nobody = { alias: null, user_id: null, team_id: null, organization_id: null, plan_id: null }
  return { ...of, ...nobody, expires_at: null, blocked: 0, data: '{}', ...madeBy(keyId, now) }
}

/** Whoever is no administrator of the gateway makes keys for themselves where they do not say for whom. */
function ownerOf({ user_id }: NewKey, { role, userId }: Caller): string | null {
  return user_id ?? (role === 'proxy_admin' ? null : (userId ?? null))
}

/** What only administrators of the gateway set of a new key. */
function requireOwn(said: KeyRequest): void {
  for (const name of ['key', 'spend', 'blocked'] as const) {
    if (said[name] !== undefined && said[name] !== null)
      throw notAllowed(`only administrators of the gateway set ${name} of a new key`, name)
  }
  requireSamePriority({}, said)
}

interface Making {
  readonly caller: Caller
  readonly reach: Reach
  readonly key: KeyRow
  readonly way: Way
}

/** Every key is bounded by somebody: its user, its team or its organization, and the caller has a say in that one. */
async function requireMayMake(trx: Transaction<Database>, { caller, reach, key, way }: Making): Promise<void> {
  if (reach.kind === 'all') return
  requireSameTeam(caller, key)
  if (key.team_id !== null) return requireMayMakeInTeam(trx, { caller, reach, key, way })
  if (key.organization_id !== null && !reach.organizations.has(key.organization_id))
    throw notFound('organization', key.organization_id)
  if (key.user_id === null || key.user_id !== caller.userId)
    throw notAllowed('without a team you make keys for yourself only', 'user_id')
}

async function requireMayMakeInTeam(trx: Transaction<Database>, { caller, reach, key, way }: Making): Promise<void> {
  const id = key.team_id ?? ''
  const team = await trx.selectFrom('teams').selectAll().where('id', '=', id).executeTakeFirst()
  const right = team && teamRight(reach, team)
  if (!team || !right) throw notFound('team', id)
  if (right === 'organization' || right === 'admin') return requireMember(trx, key, caller)
  if (!mayAsMember(team, way.path)) throw memberMayNot(way.path)
  if (key.user_id !== null && key.user_id !== caller.userId)
    throw notAllowed('members of a team make keys for themselves only', 'user_id')
}

/** Keys of a team are for its members, or for nobody. */
async function requireMember(trx: Transaction<Database>, { team_id, user_id }: KeyRow, caller: Caller): Promise<void> {
  if (user_id === null || user_id === caller.userId) return
  const member = await trx
    .selectFrom('team_members')
    .select('user_id')
    .where('team_id', '=', team_id ?? '')
    .where('user_id', '=', user_id)
    .executeTakeFirst()
  if (!member) throw notFound('member of the team', user_id)
}

/**
 * An administrator's key for somebody unknown makes them known, as in LiteLLM.
 * @throws Failure `not_found` when whoever makes a key is being deleted
 */
async function newPerson(
  trx: Transaction<Database>,
  { user_id }: KeyRow,
  { reach, maker }: { readonly reach: Reach; readonly maker: Maker },
): Promise<readonly Changed[]> {
  if (user_id === null) return []
  const person = { user_id }
  const known = await lockNamed(trx, person, 'everybody')
  if (known) return []
  if (reach.kind !== 'all') throw noSuchUser(person)
  const { changed } = await insertPerson(trx, { user_id }, maker)
  return changed
}

async function spendFirst(
  trx: Transaction<Database>,
  now: Ms,
  { key, spend }: { readonly key: KeyRow; readonly spend: number | null | undefined },
): Promise<void> {
  if (!spend) return
  const known = await setSpent(trx, now, budgetId({ level: 'key', subject: key.id }), usdToNano(spend))
  if (!known) throw badRequest('the key has no budget to count its spending', 'spend')
}
