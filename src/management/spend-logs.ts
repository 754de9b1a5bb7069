import { z } from 'zod'
import { usdToNano } from '../core/money.ts'
import { id, queryFlag, queryNumber } from './fields.ts'
import type { Operation, OperationContext } from './operation.ts'
import { READERS } from './role-groups.ts'
import { type CallFilter, countCalls, readCalls } from './spend-calls.ts'
import { spendByDay } from './spend-days.ts'
import { keyIdOf } from './spend-key.ts'
import { dateFields, rangeOf } from './spend-range.ts'
import { checkNamed, type Sight, sightOf } from './spend-scope.ts'

const named = { api_key: id.optional(), user_id: id.optional(), request_id: id.optional() } as const

const logsInput = z.strictObject({ ...named, ...dateFields, summarize: queryFlag.default(true) })

/** Calls that one answer holds at most: further back, `/spend/logs/v2` has pages. */
const MAX_CALLS = 1_000

/**
 * `GET /spend/logs`: with dates the spending per day, or with `summarize=false` its calls; without dates the latest
 * calls. At most 1,000 calls, the latest first.
 */
export const spendLogs: Operation<z.output<typeof logsInput>> = {
  method: 'GET',
  paths: ['/spend/logs'],
  name: 'spend/logs',
  roles: READERS,
  input: logsInput,
  async run(context, input) {
    const { store, clock } = context
    const { sight, filter } = await narrowed(context, input)
    const isDated = input.start_date !== undefined || input.end_date !== undefined
    const range = isDated ? rangeOf(input, clock.now(), 30) : undefined
    if (range && input.summarize && input.request_id === undefined)
      return spendByDay(store, sight, { ...filter, range })
    return readCalls(store, sight, { ...filter, range }, { limit: MAX_CALLS, offset: 0 })
  },
}

const dollars = z.coerce.number().min(0).max(1_000_000_000)

const pagesInput = z.strictObject({
  ...named,
  ...dateFields,
  team_id: id.optional(),
  end_user: id.optional(),
  model: id.optional(),
  model_id: id.optional(),
  key_alias: id.optional(),
  min_spend: dollars.optional(),
  max_spend: dollars.optional(),
  status_filter: z.enum(['success', 'failure']).optional(),
  page: queryNumber(1, 2_000).default(1),
  page_size: queryNumber(1, 100).default(50),
})

/** It counts no further; the last page of the largest size ends there as well. */
const MAX_COUNT = 200_000

/** `GET /spend/logs/v2`: calls in pages, the latest first. Without dates those of 30 days. `total` counts to 200,000. */
export const spendLogsInPages: Operation<z.output<typeof pagesInput>> = {
  method: 'GET',
  paths: ['/spend/logs/v2', '/spend/logs/ui'],
  name: 'spend/logs/v2',
  roles: READERS,
  input: pagesInput,
  async run(context, input) {
    const { store, clock } = context
    const { page, page_size } = input
    const { sight, filter: narrow } = await narrowed(context, input)
    const filter: CallFilter = {
      ...narrow,
      range: rangeOf(input, clock.now(), 30),
      endUsers: input.end_user === undefined ? undefined : [input.end_user],
      model: input.model,
      modelId: input.model_id,
      keyAlias: input.key_alias,
      status: input.status_filter,
      minSpend: input.min_spend === undefined ? undefined : usdToNano(input.min_spend),
      maxSpend: input.max_spend === undefined ? undefined : usdToNano(input.max_spend),
    }
    const total = await countCalls(store, sight, filter, MAX_COUNT)
    const data = await readCalls(store, sight, filter, { limit: page_size, offset: (page - 1) * page_size })
    return { data, total, page, page_size, total_pages: Math.ceil(total / page_size) }
  },
}

interface Asked {
  readonly api_key?: string | undefined
  readonly user_id?: string | undefined
  readonly request_id?: string | undefined
  readonly team_id?: string | undefined
}

/** What the caller may see of what is asked. @throws Failure `not_found` for ids beyond it. */
async function narrowed(context: OperationContext, asked: Asked): Promise<{ sight: Sight; filter: CallFilter }> {
  const { store } = context
  const sight = await sightOf(context)
  const key = keyIdOf(context, asked.api_key)
  const teams = asked.team_id === undefined ? undefined : [asked.team_id]
  await checkNamed(store, sight, { key, user: asked.user_id, teams })
  return { sight, filter: { key, user: asked.user_id, teams, call: asked.request_id } }
}
