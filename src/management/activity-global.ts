import { z } from 'zod'
import type { Operation, OperationContext } from './operation.ts'
import { ADMIN_READERS } from './role-groups.ts'
import { matching } from './spend-filter.ts'
import { dateFields, dayText, rangeOf } from './spend-range.ts'
import { dayOfRow, MAX_GROUPS, noMoreThanLimit, sums } from './spend-sums.ts'

const input = z.strictObject(dateFields)
type Input = z.output<typeof input>

/** `GET /global/activity`: requests and tokens per day. */
export const globalActivity: Operation<Input> = {
  method: 'GET',
  paths: ['/global/activity'],
  name: 'global/activity',
  roles: ADMIN_READERS,
  input,
  async run(context, asked) {
    return activityOf(await readDays(context, asked))
  },
}

/** `GET /global/activity/model`: the same for each model, the most used first. */
export const globalActivityByModel: Operation<Input> = {
  method: 'GET',
  paths: ['/global/activity/model'],
  name: 'global/activity/model',
  roles: ADMIN_READERS,
  input,
  async run(context, asked) {
    const models = new Map<string, Day[]>()
    for (const day of await readDays(context, asked)) models.set(day.model, [...(models.get(day.model) ?? []), day])
    return [...models]
      .map(([model, days]) => ({ model, ...activityOf(days) }))
      .sort((one, other) => other.sum_api_requests - one.sum_api_requests)
  },
}

interface Day {
  readonly date: string
  readonly model: string
  readonly requests: number
  readonly tokens: number
}

async function readDays({ store, clock }: OperationContext, asked: Input): Promise<readonly Day[]> {
  const { requests, prompt_tokens, completion_tokens } = sums()
  const rows = await store.db
    .selectFrom('ledger')
    .select([dayOfRow.as('day'), 'ledger.model', requests.as('requests')])
    .select([prompt_tokens.as('prompt_tokens'), completion_tokens.as('completion_tokens')])
    .where(matching(store, { all: true }, { range: rangeOf(asked, clock.now(), 30) }))
    .groupBy([dayOfRow, 'ledger.model'])
    .limit(MAX_GROUPS + 1)
    .execute()
  return noMoreThanLimit(rows).map(row => ({
    date: dayText(Number(row.day)),
    model: row.model,
    requests: Number(row.requests),
    tokens: Number(row.prompt_tokens) + Number(row.completion_tokens),
  }))
}

function activityOf(days: readonly Day[]) {
  const byDate = new Map<string, { api_requests: number; total_tokens: number }>()
  for (const { date, requests, tokens } of days) {
    const sum = byDate.get(date) ?? { api_requests: 0, total_tokens: 0 }
    sum.api_requests += requests
    sum.total_tokens += tokens
    byDate.set(date, sum)
  }
  return {
    daily_data: [...byDate].sort(([one], [other]) => (one < other ? -1 : 1)).map(([date, sum]) => ({ date, ...sum })),
    sum_api_requests: days.reduce((sum, one) => sum + one.requests, 0),
    sum_total_tokens: days.reduce((sum, one) => sum + one.tokens, 0),
  }
}
