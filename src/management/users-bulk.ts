import type { Transaction } from 'kysely'
import { z } from 'zod'
import type { Failure } from '../core/failure.ts'
import type { Database, UserRow } from '../store/schema.ts'
import { type Changed, writeChange } from './change.ts'
import { badRequest, notAllowed } from './errors.ts'
import type { Operation } from './operation.ts'
import { reachOf } from './reach.ts'
import { refusalOf } from './refusal.ts'
import { WRITERS } from './role-groups.ts'
import { shownUsers } from './user-view.ts'
import { changedUser, changeUser, type Occasion, userPatch } from './users.ts'

/** So many users one request changes at most. */
const MOST = 500

const input = z
  .strictObject({
    users: z.array(changedUser).min(1).max(MOST).nullish(),
    all_users: z.boolean().nullish(),
    user_updates: userPatch.nullish(),
  })
  .refine(
    said => Boolean(said.users) !== Boolean(said.all_users && said.user_updates),
    'say either users, or all_users and user_updates',
  )

type Asked = z.infer<typeof changedUser>
type Outcome = { readonly asked: Asked } & (
  | { readonly after: UserRow; readonly changed: readonly Changed[] }
  | { readonly failure: Failure }
)

/** Changes many users; of each it is told whether it worked. */
export const userBulkUpdate: Operation<z.infer<typeof input>> = {
  method: 'POST',
  paths: ['/user/bulk_update'],
  name: 'user/bulk_update',
  roles: WRITERS,
  input,
  run: (context, { users, user_updates }) =>
    writeChange(context, 'user/bulk_update', async (trx, now) => {
      const reach = await reachOf(trx, context.caller)
      if (!users && reach.kind !== 'all') throw notAllowed('only administrators of the gateway change all users')
      const outcomes = await tryEach(trx, users ?? (await everyUser(trx, user_updates ?? {})), { context, now })
      const done = outcomes.flatMap(one => ('after' in one ? [one] : []))
      const shown = await shownUsers(
        trx,
        done.map(one => one.after),
        reach,
      )
      const result = {
        results: outcomes.map(one => told(one, shown)),
        total_requested: outcomes.length,
        successful_updates: done.length,
        failed_updates: outcomes.length - done.length,
      }
      return { result, changed: done.flatMap(one => one.changed) }
    }),
}

/** A refusal of one is no reason to refuse the others; anything else is. */
async function tryEach(
  trx: Transaction<Database>,
  asked: readonly Asked[],
  occasion: Occasion,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const one of asked) {
    try {
      outcomes.push({ asked: one, ...(await changeUser(trx, one, occasion)) })
    } catch (error) {
      outcomes.push({ asked: one, failure: refusalOf(error) })
    }
  }
  return outcomes
}

async function everyUser(trx: Transaction<Database>, updates: z.infer<typeof userPatch>): Promise<readonly Asked[]> {
  const rows = await trx
    .selectFrom('users')
    .select('id')
    .orderBy('id')
    .limit(MOST + 1)
    .execute()
  if (rows.length > MOST) throw badRequest(`there are more than ${MOST} users; name them in users`, 'all_users')
  return rows.map(row => ({ ...updates, user_id: row.id }))
}

function told(outcome: Outcome, shown: Awaited<ReturnType<typeof shownUsers>>) {
  const { user_id = null, user_email = null } = outcome.asked
  if ('failure' in outcome) return { user_id, user_email, success: false, error: outcome.failure.message }
  const { id, email } = outcome.after
  const updated_user = shown.find(one => one.user_id === id) ?? null
  return { user_id: id, user_email: email, success: true, updated_user, error: null }
}
