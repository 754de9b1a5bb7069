import type { Kysely } from 'kysely'
import type { Database, KeyRow } from '../store/schema.ts'
import { notFound } from './errors.ts'
import type { OperationContext } from './operation.ts'

/**
 * A plan is made by administrators of the gateway, who may give it to any key. Others may give on what they have: a plan of a key of
 * their own, of a key or member of the key's team or organization, or that of the configuration. Another tenant's would tell its terms,
 * and could not be deleted any more.
 * @throws Failure `not_found`, as for a plan that there is not.
 */
export async function requireOwnPlan(
  db: Kysely<Database>,
  { caller, access }: Pick<OperationContext, 'caller' | 'access'>,
  { before, after }: { readonly before?: KeyRow | undefined; readonly after: KeyRow },
): Promise<void> {
  const { plan_id: plan, team_id: team } = after
  if (caller.role === 'proxy_admin' || plan === null || plan === before?.plan_id) return
  if (plan === access?.keyDefaults.budget_id) return
  const organization = await organizationOf(db, after)
  const key = await db
    .selectFrom('keys')
    .leftJoin('teams', 'teams.id', 'keys.team_id')
    .select('keys.id')
    .where('keys.plan_id', '=', plan)
    .where(is =>
      is.or([
        // A key without a user or a team shares it with no other one.
        is('keys.user_id', '=', caller.userId ?? null),
        is('keys.team_id', '=', team),
        is('keys.organization_id', '=', organization),
        is('teams.organization_id', '=', organization),
      ]),
    )
    .executeTakeFirst()
  if (key) return
  const member = await db
    .selectFrom('team_members')
    .innerJoin('teams', 'teams.id', 'team_members.team_id')
    .select('teams.id')
    .where('team_members.plan_id', '=', plan)
    .where(is => is.or([is('teams.id', '=', team ?? ''), is('teams.organization_id', '=', organization)]))
    .executeTakeFirst()
  if (!member) throw notFound('budget', plan)
}

async function organizationOf(db: Kysely<Database>, { team_id, organization_id }: KeyRow) {
  if (team_id === null) return organization_id
  const team = await db.selectFrom('teams').select('organization_id').where('id', '=', team_id).executeTakeFirst()
  return organization_id ?? team?.organization_id ?? null
}
