import type { Kysely, Transaction } from 'kysely'
import { budgetTerms } from '../access/budget-terms.ts'
import { dataOf, type UserData } from '../access/fields.ts'
import type { AccessSettings } from '../core/access-settings.ts'
import type { Ms } from '../core/clock.ts'
import type { Database, UserRow } from '../store/schema.ts'
import type { Changed } from './change.ts'
import { setBudgets } from './entity-budgets.ts'
import { auditable, dataText, madeBy, type Patch } from './entity-data.ts'
import { badRequest, notFound } from './errors.ts'
import type { OperationContext } from './operation.ts'

/** Somebody as a request names them: by id, or by an address that one user has. */
export interface Person {
  readonly user_id?: string | undefined
  readonly user_email?: string | undefined
}

/**
 * Whom a name may mean: everybody, or the users of one tenant: the members of an organization, or where that is null
 * users who belong to none.
 */
export type Among = 'everybody' | { readonly organization: string | null }

/** The user whom a request names. @throws Failure when an address is that of several */
export async function userNamed(db: Kysely<Database>, person: Person, among: Among): Promise<UserRow | undefined> {
  const { user_id, user_email } = person
  let query = db.selectFrom('users').selectAll()
  if (user_id !== undefined) query = query.where('id', '=', user_id)
  if (user_email !== undefined) query = query.where('email', '=', user_email)
  if (among !== 'everybody') {
    const { organization } = among
    const members = db.selectFrom('organization_members').select('user_id')
    query =
      organization === null
        ? query.where('id', 'not in', members)
        : query.where('id', 'in', members.where('organization_id', '=', organization))
  }
  const [first, second] = await query.limit(2).execute()
  if (second) throw badRequest('several users have this address; say which by user_id', 'user_email')
  return first
}

/** The same, locked: they are not deleted before the transaction ends in which they join something. */
export async function lockNamed(
  trx: Transaction<Database>,
  person: Person,
  among: Among,
): Promise<UserRow | undefined> {
  const user = await userNamed(trx, person, among)
  if (!user) return undefined
  // An update is the lock that SQLite and PostgreSQL both have a word for.
  return trx.updateTable('users').set({ id: user.id }).where('id', '=', user.id).returningAll().executeTakeFirst()
}

/** The failure of a person whom there is not, or whom the caller may not know of. */
export function noSuchUser({ user_id, user_email }: Person) {
  return notFound('user', user_id ?? user_email ?? '')
}

/** Who makes something, when. */
export interface Maker {
  readonly keyId: string
  readonly now: Ms
  /** What the configuration says of users; absent: nothing. */
  readonly access?: AccessSettings | undefined
}

export function makerOf({ caller, access }: OperationContext, now: Ms): Maker {
  return { keyId: caller.keyId, now, access }
}

/**
 * Makes a user of whom no more is known than a name, as LiteLLM does when an administrator adds somebody unknown. Whom
 * another request has made meanwhile is theirs: nothing is changed then.
 */
export async function insertPerson(
  trx: Transaction<Database>,
  person: Person & { readonly user_id: string },
  maker: Maker,
): Promise<{ readonly user: UserRow; readonly changed: readonly Changed[] }> {
  const user: UserRow = {
    id: person.user_id,
    email: person.user_email ?? null,
    alias: null,
    role: 'internal_user',
    data: dataText(standardMoney(maker.access)),
    ...madeBy(maker.keyId, maker.now),
  }
  if (!(await insertUser(trx, user))) {
    const known = await lockNamed(trx, { user_id: user.id }, 'everybody')
    if (known) return { user: known, changed: [] }
    throw noSuchUser(person)
  }
  await setUserBudgets(trx, user, maker)
  return { user, changed: [{ kind: 'user', id: user.id, after: auditable(user) }] }
}

/** Whether the row was written: false where there is one of this id. */
export async function insertUser(trx: Transaction<Database>, user: UserRow): Promise<boolean> {
  const written = await trx
    .insertInto('users')
    .values(user)
    .onConflict(conflict => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return written !== undefined
}

/** What the configuration lets users spend of whom nothing is said. */
function standardMoney(access: AccessSettings | undefined): Patch {
  const { max_budget, budget_duration } = access?.userDefaults ?? {}
  return { max_budget, budget_duration }
}

/** Makes the budgets of a user what their fields say, as they are said. */
export function setUserBudgets(trx: Transaction<Database>, user: UserRow, { now }: Pick<Maker, 'now'>): Promise<void> {
  const fields = dataOf<UserData>(user.data)
  const of = { level: 'user', subject: user.id, name: user.alias } as const
  return setBudgets(trx, now, [{ ...of, fields, terms: budgetTerms(of, fields) }])
}

/** The addresses of users, by id. */
export async function emailsOf(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const emails = new Map<string, string>()
  for (let at = 0; at < ids.length; at += 500) {
    const rows = await db
      .selectFrom('users')
      .select(['id', 'email'])
      .where('id', 'in', ids.slice(at, at + 500))
      .execute()
    for (const { id, email } of rows) if (email !== null) emails.set(id, email)
  }
  return emails
}
