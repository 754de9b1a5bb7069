import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'

/** A key with everything that bears on what it may do, as one row. */
export interface CallerRow {
  readonly id: string
  readonly alias: string | null
  readonly user_id: string | null
  readonly team_id: string | null
  /** The key's own, else its team's. */
  readonly organization_id: string | null
  readonly plan_id: string | null
  readonly expires_at: number | null
  readonly blocked: number
  readonly data: string
  readonly user_alias: string | null
  readonly user_role: string | null
  readonly user_data: string | null
  readonly known_team_id: string | null
  readonly team_alias: string | null
  readonly team_blocked: number | null
  readonly team_data: string | null
  readonly member_role: string | null
  readonly member_plan_id: string | null
  readonly member_data: string | null
  readonly organization_alias: string | null
  readonly organization_data: string | null
  readonly plan_data: string | null
  readonly member_plan_data: string | null
}

/** Keys by their ids, one query for all of them. */
export async function callerRows(db: Kysely<Database>, ids: readonly string[]): Promise<readonly CallerRow[]> {
  return db
    .selectFrom('keys as k')
    .leftJoin('users as u', 'u.id', 'k.user_id')
    .leftJoin('teams as t', 't.id', 'k.team_id')
    .leftJoin('team_members as m', join =>
      join.onRef('m.team_id', '=', 'k.team_id').onRef('m.user_id', '=', 'k.user_id'),
    )
    .leftJoin('organizations as o', join =>
      join.on(on => on('o.id', '=', on.fn.coalesce('k.organization_id', 't.organization_id'))),
    )
    .leftJoin('plans as p', 'p.id', 'k.plan_id')
    .leftJoin('plans as mp', 'mp.id', 'm.plan_id')
    .where('k.id', 'in', ids)
    .select(({ fn }) => [
      'k.id',
      'k.alias',
      'k.user_id',
      'k.team_id',
      fn.coalesce('k.organization_id', 't.organization_id').as('organization_id'),
      'k.plan_id',
      'k.expires_at',
      'k.blocked',
      'k.data',
      'u.alias as user_alias',
      'u.role as user_role',
      'u.data as user_data',
      't.id as known_team_id',
      't.alias as team_alias',
      't.blocked as team_blocked',
      't.data as team_data',
      'm.role as member_role',
      'm.plan_id as member_plan_id',
      'm.data as member_data',
      'o.alias as organization_alias',
      'o.data as organization_data',
      'p.data as plan_data',
      'mp.data as member_plan_data',
    ])
    .execute()
}
