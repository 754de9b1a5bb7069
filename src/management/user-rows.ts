import type { Kysely, Transaction } from 'kysely'
import type { Caller } from '../core/caller.ts'
import { lockText } from '../store/dialect.ts'
import type { Database, UserRow } from '../store/schema.ts'
import { requireWithinKey } from './bound-keys.ts'
import { badRequest } from './errors.ts'
import { noSuchUser, type Person } from './people.ts'
import { type Reach, reachOf } from './reach.ts'

/**
 * How somebody stands to a user. `organization`: the user belongs to nobody but organizations that the caller
 * administers. `reads`: may see, and not change.
 */
export type UserRight = 'all' | 'organization' | 'self' | 'reads'

export interface FoundUser {
  readonly user: UserRow
  readonly right: UserRight
  readonly reach: Reach
  /** The organizations of the user. */
  readonly organizations: readonly string[]
}

/**
 * The user whom a request names, among those whom the caller may know of.
 * @throws Failure `not_found` when there is none
 */
export async function findUser(db: Kysely<Database>, caller: Caller, person: Person): Promise<FoundUser> {
  const reach = await reachOf(db, caller)
  const user = await visibleUser(db, reach, person)
  if (!user) throw noSuchUser(person)
  const places = await db
    .selectFrom('organization_members')
    .select(['organization_id', 'role'])
    .where('user_id', '=', user.id)
    .execute()
  const found = { user, reach, organizations: places.map(place => place.organization_id) }
  if (reach.kind !== 'own') return { ...found, right: reach.kind }
  if (user.id === reach.userId) return { ...found, right: 'self' }
  const isBelow = BELOW.has(user.role) && places.every(place => place.role !== 'org_admin')
  const isOurs = places.length > 0 && places.every(place => reach.organizations.has(place.organization_id))
  const isElsewhere = isBelow && isOurs && (await hasTeamsElsewhere(db, reach, user.id))
  return { ...found, right: isBelow && isOurs && !isElsewhere ? 'organization' : 'reads' }
}

/** Roles that administrators of an organization are above of. */
const BELOW: ReadonlySet<string> = new Set(['internal_user', 'internal_user_viewer'])

/** The same for a change, locked against other changes until the transaction ends. */
export async function lockUser(trx: Transaction<Database>, caller: Caller, person: Person): Promise<FoundUser> {
  const { user } = await findUser(trx, caller, person)
  // An update is the lock that SQLite and PostgreSQL both have a word for; what was read before it may be old.
  await trx.updateTable('users').set({ id: user.id }).where('id', '=', user.id).execute()
  const found = await findUser(trx, caller, { user_id: user.id })
  if (found.right !== 'self') requireWithinKey(caller, { organization_id: ownOrganization(caller, found) })
  return found
}

function ownOrganization({ organizationId }: Caller, { organizations }: FoundUser): string | null {
  return organizations.find(one => one === organizationId) ?? null
}

async function visibleUser(db: Kysely<Database>, reach: Reach, person: Person): Promise<UserRow | undefined> {
  const { user_id, user_email } = person
  let query = usersWithin(db, reach)
  if (user_id !== undefined) query = query.where('users.id', '=', user_id)
  if (user_email !== undefined) query = query.where('users.email', '=', user_email)
  const [first, second] = await query.selectAll('users').limit(2).execute()
  if (second) throw badRequest('several users have this address; say which by user_id', 'user_email')
  return first
}

/** The users whom a caller may know of: everybody, or themselves and the members of organizations that they administer. */
export function usersWithin(db: Kysely<Database>, reach: Reach) {
  const query = db.selectFrom('users')
  if (reach.kind !== 'own') return query
  const organizations = [...reach.organizations]
  return query.where(where => {
    const self = where('users.id', '=', reach.userId ?? '')
    if (organizations.length === 0) return self
    const members = where
      .selectFrom('organization_members')
      .select('user_id')
      .where('organization_id', 'in', organizations)
    return where.or([self, where('users.id', 'in', members)])
  })
}

async function hasTeamsElsewhere(db: Kysely<Database>, reach: Reach, userId: string): Promise<boolean> {
  const rows = await db
    .selectFrom('team_members')
    .innerJoin('teams', 'teams.id', 'team_members.team_id')
    .select('teams.organization_id')
    .distinct()
    .where('team_members.user_id', '=', userId)
    .execute()
  return rows.some(row => row.organization_id === null || !reach.organizations.has(row.organization_id))
}

/** Refuses an address that another user has or is just being given, as far as the caller may know. @throws Failure `invalid_request` */
export async function requireFreeEmail(
  db: Kysely<Database>,
  reach: Reach,
  { email, userId }: { readonly email: string; readonly userId: string },
): Promise<void> {
  await lockText(db, `user_email ${email}`)
  const other = await usersWithin(db, reach)
    .select('users.id')
    .where('users.email', '=', email)
    .where('users.id', '!=', userId)
    .limit(1)
    .executeTakeFirst()
  if (other) throw badRequest(`user '${other.id}' has this address already`, 'user_email')
}
