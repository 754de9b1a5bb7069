import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import { isOneOf } from '../store/dialect.ts'
import { isOfCallers } from '../store/ledger-callers.ts'
import type { Database } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { notFound } from './errors.ts'
import type { OperationContext } from './operation.ts'
import { reachOf } from './reach.ts'

/** Whose rows of the ledger somebody may see: everybody's; or their own, those of the teams and organizations they lead. */
export type Sight =
  | { readonly all: true }
  | {
      readonly all: false
      /** A key that belongs to nobody sees itself. */
      readonly keyId: string
      readonly userId: string | undefined
      readonly teams: readonly string[]
      readonly organizations: readonly string[]
    }

export async function sightOf({ store, caller }: OperationContext): Promise<Sight> {
  const { kind, userId, organizations, teams } = await reachOf(store.db, caller)
  if (kind !== 'own') return { all: true }
  const led = [...teams].flatMap(([team, role]) => (role === 'admin' ? [team] : []))
  return { all: false, keyId: caller.keyId, userId, teams: led, organizations: [...organizations] }
}

/** The rows of `ledger` within somebody's sight; undefined where that is all. */
export function inSight(store: Store, sight: Sight): Expression<SqlBool> | undefined {
  if (sight.all) return undefined
  const { userId, keyId, teams, organizations } = sight
  const eb = expressionBuilder<Database, 'ledger'>()
  return eb.or([
    userId === undefined ? isOfCallers(store.db, 'key_id', [keyId]) : isOfCallers(store.db, 'user_id', [userId]),
    ...(teams.length > 0 ? [isOfCallers(store.db, 'team_id', teams)] : []),
    ...(organizations.length > 0 ? [isOneOf(store.db, 'ledger.organization_id', organizations)] : []),
  ])
}

/** Ids that somebody asks about by name. */
export interface Named {
  readonly key?: string | undefined
  readonly user?: string | undefined
  readonly teams?: readonly string[] | undefined
}

/**
 * Whoever sees only a part must not learn which ids there are beyond it.
 * @throws Failure `not_found` for what is not there and for what is not theirs, alike.
 */
export async function checkNamed(store: Store, sight: Sight, { key, user, teams = [] }: Named): Promise<void> {
  if (sight.all) return
  for (const team of teams) if (!(await leadsTeam(store, sight, team))) throw notFound('team', team)
  if (key !== undefined && !(await ownsKey(store, sight, key))) throw notFound('key', key)
  if (user !== undefined && user !== sight.userId && !(await leadsUser(store, sight, user)))
    throw notFound('user', user)
}

type Part = Extract<Sight, { all: false }>

async function leadsTeam({ db }: Store, { teams, organizations }: Part, id: string): Promise<boolean> {
  if (teams.includes(id)) return true
  const team = await db.selectFrom('teams').select('organization_id').where('id', '=', id).executeTakeFirst()
  return team?.organization_id != null && organizations.includes(team.organization_id)
}

async function ownsKey({ db }: Store, sight: Part, id: string): Promise<boolean> {
  if (id === sight.keyId) return true
  const key = await db
    .selectFrom('keys')
    .select(['user_id', 'team_id', 'organization_id'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!key) return false
  return (
    (key.user_id !== null && key.user_id === sight.userId) ||
    (key.team_id !== null && sight.teams.includes(key.team_id)) ||
    (key.organization_id !== null && sight.organizations.includes(key.organization_id))
  )
}

async function leadsUser({ db }: Store, { teams, organizations }: Part, id: string): Promise<boolean> {
  const inTeams = await db.selectFrom('team_members').select('team_id').where('user_id', '=', id).execute()
  if (inTeams.some(one => teams.includes(one.team_id))) return true
  const inOrganizations = await db
    .selectFrom('organization_members')
    .select('organization_id')
    .where('user_id', '=', id)
    .execute()
  return inOrganizations.some(one => organizations.includes(one.organization_id))
}
