import type { Transaction } from 'kysely'
import { z } from 'zod'
import { memberSubject } from '../access/budget-terms.ts'
import type { Database, UserRow } from '../store/schema.ts'
import { type Changed, writeChange } from './change.ts'
import { dropBudgetsOf } from './entity-budgets.ts'
import { auditable } from './entity-data.ts'
import { notAllowed } from './errors.ts'
import { id } from './fields.ts'
import { removeKeys } from './key-removal.ts'
import type { Operation } from './operation.ts'
import { WRITERS } from './role-groups.ts'
import { lockUser } from './user-rows.ts'

const input = z.strictObject({ user_ids: z.array(id).min(1).max(100) })

/** Deletes users with their keys, memberships and budgets: all of them, or none. */
export const userDelete: Operation<z.infer<typeof input>, { deleted_users: readonly string[] }> = {
  method: 'POST',
  paths: ['/user/delete'],
  name: 'user/delete',
  roles: WRITERS,
  input,
  run: (context, { user_ids }) =>
    writeChange(context, 'user/delete', async trx => {
      const users: UserRow[] = []
      for (const one of [...new Set(user_ids)].sort()) {
        const { user, right } = await lockUser(trx, context.caller, { user_id: one })
        if (right !== 'all' && right !== 'organization') throw notAllowed(`you may not delete user '${user.id}'`)
        users.push(user)
      }
      return { result: { deleted_users: user_ids }, changed: await removeUsers(trx, users) }
    }),
}

async function removeUsers(trx: Transaction<Database>, users: readonly UserRow[]): Promise<readonly Changed[]> {
  const ids = users.map(user => user.id)
  const keys = await removeKeys(trx, 'user_id', ids)
  const members = await trx.deleteFrom('team_members').where('user_id', 'in', ids).returningAll().execute()
  await trx.deleteFrom('organization_members').where('user_id', 'in', ids).execute()
  await trx.deleteFrom('users').where('id', 'in', ids).execute()
  await dropBudgetsOf(trx, [
    ...ids.map(subject => ({ level: 'user' as const, subject })),
    ...members.map(({ team_id, user_id }) => ({
      level: 'team_member' as const,
      subject: memberSubject(team_id, user_id),
    })),
  ])
  const teams = [...new Set(members.map(({ team_id }) => team_id))]
  return [
    ...keys,
    ...users.map(user => ({ kind: 'user' as const, id: user.id, before: auditable(user) })),
    ...teams.map(team => ({ kind: 'team' as const, id: team })),
  ]
}
