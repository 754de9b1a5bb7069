import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { nanoToUsd } from '../core/money.ts'
import { id } from './fields.ts'
import type { Operation } from './operation.ts'
import { ADMIN_READERS } from './role-groups.ts'
import { matching } from './spend-filter.ts'
import { keyIdOf } from './spend-key.ts'
import { dateFields, dayText, rangeOf } from './spend-range.ts'
import { dayOfRow, MAX_GROUPS, noMoreThanLimit, type SumRow, sumColumns, Tally } from './spend-sums.ts'

const input = z.strictObject({
  ...dateFields,
  group_by: z.enum(['team', 'customer', 'api_key']).default('team'),
  api_key: id.optional(),
  internal_user_id: id.optional(),
  team_id: id.optional(),
  customer_id: id.optional(),
})

const NAMES = { team: 'team_name', customer: 'customer', api_key: 'api_key' } as const
const LISTS = { team: 'teams', customer: 'customers', api_key: 'api_keys' } as const

/**
 * `GET /global/spend/report`: per day, and within it per team, customer or key, by model and key. A report about one key,
 * user or customer is of the same shape.
 */
export const globalSpendReport: Operation<z.output<typeof input>> = {
  method: 'GET',
  paths: ['/global/spend/report'],
  name: 'global/spend/report',
  roles: ADMIN_READERS,
  input,
  async run(context, asked) {
    const { store, clock } = context
    const { group_by: by, internal_user_id: user, team_id, customer_id } = asked
    const filter = {
      range: rangeOf(asked, clock.now(), 30),
      key: keyIdOf(context, asked.api_key),
      user,
      teams: team_id === undefined ? undefined : [team_id],
      endUsers: customer_id === undefined ? undefined : [customer_id],
    }
    const subject = SUBJECTS[by]
    const rows = await store.db
      .selectFrom('ledger')
      .leftJoin('teams', 'teams.id', 'ledger.team_id')
      .select([dayOfRow.as('day'), subject.as('subject'), 'ledger.model', 'ledger.key_id', ...sumColumns()])
      .where(matching(store, { all: true }, filter))
      .groupBy([dayOfRow, subject, 'ledger.model', 'ledger.key_id'])
      .limit(MAX_GROUPS + 1)
      .execute()
    return reportOf(noMoreThanLimit(rows), by)
  },
}

const SUBJECTS: Readonly<Record<keyof typeof NAMES, RawBuilder<string | null>>> = {
  team: sql<string | null>`coalesce(${sql.ref('teams.alias')}, ${sql.ref('ledger.team_id')})`,
  customer: sql.ref<string | null>('ledger.end_user'),
  api_key: sql.ref<string | null>('ledger.key_id'),
}

type Group = SumRow & {
  readonly day: string
  readonly subject: string | null
  readonly model: string
  readonly key_id: string | null
}

function reportOf(rows: readonly Group[], by: keyof typeof NAMES) {
  const days = new Map<number, Map<string, Group[]>>()
  for (const row of rows) {
    const day = days.get(Number(row.day)) ?? new Map<string, Group[]>()
    days.set(Number(row.day), day)
    const name = row.subject ?? ''
    day.set(name, [...(day.get(name) ?? []), row])
  }
  return [...days]
    .sort(([one], [other]) => one - other)
    .map(([day, subjects]) => ({
      group_by_day: dayText(day),
      [LISTS[by]]: [...subjects].map(([name, groups]) => ({
        [NAMES[by]]: name,
        total_spend: totalOf(groups),
        metadata: groups.map(detail),
      })),
    }))
}

function totalOf(groups: readonly Group[]): number {
  return nanoToUsd(groups.reduce((sum, one) => sum + BigInt(one.spend), 0n))
}

function detail(group: Group) {
  const tally = new Tally()
  tally.add(group)
  const { spend, total_tokens, prompt_tokens, completion_tokens, api_requests } = tally.metrics()
  return {
    model: group.model,
    api_key: group.key_id,
    spend,
    total_tokens,
    prompt_tokens,
    completion_tokens,
    api_requests,
  }
}
