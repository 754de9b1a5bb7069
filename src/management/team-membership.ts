import type { Transaction } from 'kysely'
import type { PlanData } from '../access/fields.ts'
import type { Database, TeamMemberRow, TeamRow, UserRow } from '../store/schema.ts'
import type { Changed } from './change.ts'
import { auditable, dataText } from './entity-data.ts'
import { badRequest } from './errors.ts'
import { insertPerson, lockNamed, type Maker, noSuchUser, type Person } from './people.ts'
import type { Reach } from './reach.ts'
import { setMemberBudgets } from './team-rows.ts'
import { shownUsers } from './user-view.ts'

/** Somebody who is to be in a team. */
export interface NewMember extends Person {
  readonly role: 'admin' | 'user'
}

export interface Adding {
  readonly team: TeamRow
  readonly reach: Reach
  readonly maker: Maker
  /** What each of them may spend and ask; absent: what the team says for its members. */
  readonly terms?: PlanData
}

export interface Added {
  readonly users: readonly UserRow[]
  readonly members: readonly TeamMemberRow[]
  readonly changed: readonly Changed[]
}

/** Puts people into a team. @throws Failure when one is in it already, or may not be added by the caller */
export async function addMembers(
  trx: Transaction<Database>,
  people: readonly NewMember[],
  adding: Adding,
): Promise<Added> {
  const all: AddedMember[] = []
  for (const person of people) all.push(await addMember(trx, person, adding))
  const members = all.map(({ member }) => member)
  await setMemberBudgets(trx, adding.maker.now, { team: adding.team, members })
  return { users: all.map(({ user }) => user), members, changed: all.flatMap(({ changed }) => changed) }
}

export interface AddedMember {
  readonly user: UserRow
  readonly member: TeamMemberRow
  readonly changed: readonly Changed[]
}

/** Puts somebody into a team. Whoever calls it sets the member's budgets (`setMemberBudgets`). */
export async function addMember(trx: Transaction<Database>, person: NewMember, adding: Adding): Promise<AddedMember> {
  const { user, changed } = await userToAdd(trx, person, adding)
  const member: TeamMemberRow = {
    team_id: adding.team.id,
    user_id: user.id,
    role: person.role,
    plan_id: null,
    data: dataText({ ...adding.terms }),
  }
  await insertMember(trx, member)
  return { user, member, changed: [...changed, { kind: 'user', id: user.id, after: auditable(member) }] }
}

async function insertMember(trx: Transaction<Database>, member: TeamMemberRow): Promise<void> {
  const written = await trx
    .insertInto('team_members')
    .values(member)
    .onConflict(conflict => conflict.doNothing())
    .returning('user_id')
    .executeTakeFirst()
  if (written) return
  throw badRequest(`user '${member.user_id}' is in team '${member.team_id}' already; see /team/member_update`, 'member')
}

/**
 * The user, made where an administrator of the gateway names somebody unknown. Others add whom their tenant has: the
 * members of the team's organization, or for a team without one users without one.
 */
async function userToAdd(trx: Transaction<Database>, person: Person, { team, reach, maker }: Adding) {
  if (reach.kind !== 'all') {
    const user = await lockNamed(trx, person, { organization: team.organization_id })
    if (!user) throw noSuchUser(person)
    return { user, changed: [] }
  }
  const user = await lockNamed(trx, person, 'everybody')
  if (user) return { user, changed: [] }
  const { user_id } = person
  if (user_id === undefined) throw badRequest('nobody has this address yet; say user_id as well', 'user_id')
  const made = await insertPerson(trx, { ...person, user_id }, maker)
  return { user: made.user, changed: made.changed }
}

/** Who was added, as far as the caller may know of them: administrators of the gateway see all that is known of users. */
export async function shownAdded(
  trx: Transaction<Database>,
  { users, reach }: { readonly users: readonly UserRow[]; readonly reach: Reach },
): Promise<readonly { readonly user_id: string }[]> {
  if (reach.kind === 'all') return shownUsers(trx, users)
  return users.map(({ id, email, alias }) => ({ user_id: id, user_email: email, user_alias: alias }))
}
