import type { Transaction } from 'kysely'
import { z } from 'zod'
import { memberSubject } from '../access/budget-terms.ts'
import type { Database, TeamRow } from '../store/schema.ts'
import { type Changed, writeChange } from './change.ts'
import { dropBudgetsOf } from './entity-budgets.ts'
import { auditable } from './entity-data.ts'
import { id } from './fields.ts'
import { removeKeys } from './key-removal.ts'
import type { Operation } from './operation.ts'
import { WRITERS } from './role-groups.ts'
import { lockTeam } from './team-rows.ts'

const input = z.strictObject({ team_ids: z.array(id).min(1).max(100) })

/** Deletes teams with their keys, memberships and budgets: all of them, or none. Their users stay. */
export const teamDelete: Operation<z.infer<typeof input>, { deleted_teams: readonly string[] }> = {
  method: 'POST',
  paths: ['/team/delete'],
  name: 'team/delete',
  roles: WRITERS,
  input,
  run: (context, { team_ids }) =>
    writeChange(context, 'team/delete', async trx => {
      const teams: TeamRow[] = []
      // In one order, so that two who delete the same teams do not wait for each other.
      for (const one of [...new Set(team_ids)].sort())
        teams.push((await lockTeam(trx, context.caller, { id: one, to: 'manage' })).team)
      return { result: { deleted_teams: team_ids }, changed: await removeTeams(trx, teams) }
    }),
}

/** Deletes teams and all that is theirs. */
export async function removeTeams(trx: Transaction<Database>, teams: readonly TeamRow[]): Promise<readonly Changed[]> {
  const ids = teams.map(team => team.id)
  if (ids.length === 0) return []
  const keys = await removeKeys(trx, 'team_id', ids)
  const members = await trx.deleteFrom('team_members').where('team_id', 'in', ids).returningAll().execute()
  await trx.deleteFrom('teams').where('id', 'in', ids).execute()
  await dropBudgetsOf(trx, [
    ...ids.map(subject => ({ level: 'team' as const, subject })),
    ...members.map(({ team_id, user_id }) => ({
      level: 'team_member' as const,
      subject: memberSubject(team_id, user_id),
    })),
  ])
  return [...keys, ...teams.map(team => ({ kind: 'team' as const, id: team.id, before: auditable(team) }))]
}
