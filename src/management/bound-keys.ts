import type { Caller } from '../core/caller.ts'
import { notAllowed } from './errors.ts'

/** To which team and organization something belongs, as far as it belongs to one. */
export interface Belongs {
  readonly team_id?: string | null
  readonly organization_id?: string | null
}

/**
 * A key of a team or organization, in whosever hands it is, changes nothing outside of it.
 * @throws Failure `forbidden`
 */
export function requireWithinKey(caller: Caller, { team_id, organization_id }: Belongs): void {
  const { role, teamId, organizationId } = caller
  if (role === 'proxy_admin') return
  if (teamId !== undefined && teamId !== team_id)
    throw notAllowed(`the key that you call with is one of team '${teamId}', and changes nothing else`)
  if (teamId === undefined && organizationId !== undefined && organizationId !== organization_id)
    throw notAllowed(`the key that you call with is one of organization '${organizationId}', and changes nothing else`)
}
