import type { Kysely } from 'kysely'
import type { Caller } from '../core/caller.ts'
import type { Database } from '../store/schema.ts'

/** What a caller may see and manage, as the tables say at this moment: read in the transaction that it is judged in. */
export interface Reach {
  /** `all`: everything; `reads`: everything, and changes nothing; `own`: what the other fields name. */
  readonly kind: 'all' | 'reads' | 'own'
  readonly userId: string | undefined
  /** The organisations that the caller administers. */
  readonly organizations: ReadonlySet<string>
  /** The teams that the caller is a member of, and as what. */
  readonly teams: ReadonlyMap<string, string>
}

/** How somebody stands to a team; undefined: it is not theirs to know of. */
export type TeamRight = 'all' | 'organization' | 'admin' | 'reads' | 'member'

const NOTHING = { organizations: new Set<string>(), teams: new Map<string, string>() } as const

export async function reachOf(db: Kysely<Database>, caller: Caller): Promise<Reach> {
  const { role, userId } = caller
  if (role === 'proxy_admin') return { kind: 'all', userId, ...NOTHING }
  if (role === 'proxy_admin_viewer') return { kind: 'reads', userId, ...NOTHING }
  if (userId === undefined) return { kind: 'own', userId, ...NOTHING }
  const organizations = await db
    .selectFrom('organization_members')
    .select('organization_id')
    .where('user_id', '=', userId)
    .where('role', '=', 'org_admin')
    .execute()
  const teams = await db.selectFrom('team_members').select(['team_id', 'role']).where('user_id', '=', userId).execute()
  return {
    kind: 'own',
    userId,
    organizations: new Set(organizations.map(row => row.organization_id)),
    teams: new Map(teams.map(row => [row.team_id, row.role])),
  }
}

/** How the caller stands to a team. */
export function teamRight(
  reach: Reach,
  team: { readonly id: string; readonly organization_id: string | null },
): TeamRight | undefined {
  if (reach.kind === 'all') return 'all'
  if (team.organization_id !== null && reach.organizations.has(team.organization_id)) return 'organization'
  const role = reach.teams.get(team.id)
  if (role === 'admin') return 'admin'
  if (reach.kind === 'reads') return 'reads'
  return role === undefined ? undefined : 'member'
}

/** Whether the caller may change whatever belongs to an organisation, but not the organisation's own bounds. */
export function administers(reach: Reach, organizationId: string | null): boolean {
  if (reach.kind === 'all') return true
  return organizationId !== null && reach.organizations.has(organizationId)
}

/** Whether the caller may see whatever belongs to an organisation. */
export function seesOrganization(reach: Reach, organizationId: string): boolean {
  return reach.kind === 'reads' || administers(reach, organizationId)
}
