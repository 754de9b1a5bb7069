import type { Transaction } from 'kysely'
import type { PlanData } from '../access/fields.ts'
import type { Database, TeamMemberRow, TeamRow, UserRow } from '../store/schema.ts'
import type { Changed } from './change.ts'
import { dataText } from './entity-data.ts'
import { badRequest } from './errors.ts'
import { insertPerson, type Maker, noSuchUser, type Person, userNamed } from './people.ts'
import type { Reach } from './reach.ts'
import { setMemberBudgets } from './team-rows.ts'

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
  const users: UserRow[] = []
  const members: TeamMemberRow[] = []
  const changed: Changed[] = []
  for (const person of people) {
    const found = await userToAdd(trx, person, adding)
    const member: TeamMemberRow = {
      team_id: adding.team.id,
      user_id: found.user.id,
      role: person.role,
      plan_id: null,
      data: dataText({ ...adding.terms }),
    }
    await insertMember(trx, member)
    users.push(found.user)
    members.push(member)
    changed.push(...found.changed, { kind: 'user', id: found.user.id, after: member })
  }
  await setMemberBudgets(trx, adding.maker.now, { team: adding.team, members })
  return { users, members, changed }
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
  const user = await userNamed(trx, person)
  if (reach.kind === 'all') {
    if (user) return { user, changed: [] }
    const { user_id } = person
    if (user_id === undefined) throw badRequest('nobody has this address yet; say user_id as well', 'user_id')
    const made = await insertPerson(trx, { ...person, user_id }, maker)
    return { user: made.user, changed: [made.changed] }
  }
  if (!user || !(await isOfTenant(trx, user, team))) throw noSuchUser(person)
  return { user, changed: [] }
}

async function isOfTenant(trx: Transaction<Database>, user: UserRow, team: TeamRow): Promise<boolean> {
  const rows = await trx
    .selectFrom('organization_members')
    .select('organization_id')
    .where('user_id', '=', user.id)
    .execute()
  if (team.organization_id === null) return rows.length === 0
  return rows.some(row => row.organization_id === team.organization_id)
}
