import type { Transaction } from 'kysely'
import { z } from 'zod'
import type { Failure } from '../core/failure.ts'
import type { Database } from '../store/schema.ts'
import { writeChange } from './change.ts'
import { badRequest, notAllowed } from './errors.ts'
import { id, usd } from './fields.ts'
import type { Operation } from './operation.ts'
import { makerOf, type Person } from './people.ts'
import { refusalOf } from './refusal.ts'
import { WRITERS } from './role-groups.ts'
import { member } from './team-fields.ts'
import { type AddedMember, type Adding, addMember, type NewMember, shownAdded } from './team-membership.ts'
import { type FoundTeam, lockTeam, setMemberBudgets } from './team-rows.ts'
import { oneShownTeam, shownMemberships } from './team-view.ts'

/** So many members one request adds at most. */
const MOST = 500

const input = z
  .strictObject({
    team_id: id,
    members: z.array(member).min(1).max(MOST).nullish(),
    all_users: z.boolean().nullish(),
    max_budget_in_team: usd.nullish(),
  })
  .refine(said => Boolean(said.members) !== Boolean(said.all_users), 'say either members or all_users')

type Outcome = { readonly person: Person } & ({ readonly added: AddedMember } | { readonly failure: Failure })

/** Puts many people into a team; of each it is told whether it worked. */
export const teamBulkMemberAdd: Operation<z.infer<typeof input>> = {
  method: 'POST',
  paths: ['/team/bulk_member_add'],
  name: 'team/bulk_member_add',
  roles: WRITERS,
  input,
  run: (context, { team_id, members, max_budget_in_team }) =>
    writeChange(context, 'team/bulk_member_add', async (trx, now) => {
      const found = await lockTeam(trx, context.caller, { id: team_id, to: 'members' })
      const { team, reach } = found
      const maker = makerOf(context, now)
      const adding: Adding = { team, reach, maker, terms: { max_budget: max_budget_in_team ?? null } }
      const outcomes = await tryEach(trx, members ?? (await everyUser(trx, found)), adding)
      const added = outcomes.flatMap(one => ('added' in one ? [one.added] : []))
      await setMemberBudgets(trx, now, { team, members: added.map(one => one.member) })
      const users = await shownAdded(trx, { users: added.map(one => one.user), reach })
      const memberships = await shownMemberships(
        trx,
        added.map(one => one.member),
      )
      const result = {
        team_id,
        results: outcomes.map(one => told(one, users, memberships)),
        total_requested: outcomes.length,
        successful_additions: added.length,
        failed_additions: outcomes.length - added.length,
        updated_team: await oneShownTeam(trx, team),
      }
      return { result, changed: [{ kind: 'team' as const, id: team_id }, ...added.flatMap(one => one.changed)] }
    }),
}

/** A refusal of one is no reason to refuse the others; anything else is. */
async function tryEach(
  trx: Transaction<Database>,
  people: readonly NewMember[],
  adding: Adding,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const person of people) {
    try {
      outcomes.push({ person, added: await addMember(trx, person, adding) })
    } catch (error) {
      outcomes.push({ person, failure: refusalOf(error) })
    }
  }
  return outcomes
}

/** Everybody who is not in the team yet. */
async function everyUser(trx: Transaction<Database>, { team, right }: FoundTeam): Promise<readonly NewMember[]> {
  if (right !== 'all') throw notAllowed('only administrators of the gateway add all users', 'all_users')
  const rows = await trx
    .selectFrom('users')
    .select('id')
    .where('id', 'not in', members =>
      members.selectFrom('team_members').select('user_id').where('team_id', '=', team.id),
    )
    .orderBy('id')
    .limit(MOST + 1)
    .execute()
  if (rows.length > MOST) throw badRequest(`there are more than ${MOST} users; name them in members`, 'all_users')
  return rows.map(row => ({ user_id: row.id, role: 'user' }))
}

function told(
  outcome: Outcome,
  users: Awaited<ReturnType<typeof shownAdded>>,
  memberships: Awaited<ReturnType<typeof shownMemberships>>,
) {
  const { user_id = null, user_email = null } = outcome.person
  if ('failure' in outcome) return { user_id, user_email, success: false, error: outcome.failure.message }
  const { user } = outcome.added
  return {
    user_id: user.id,
    user_email: user.email,
    success: true,
    updated_user: users.find(one => one.user_id === user.id) ?? null,
    updated_team_membership: memberships.find(one => one.user_id === user.id) ?? null,
    error: null,
  }
}
