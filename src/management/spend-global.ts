import { sql } from 'kysely'
import { z } from 'zod'
import { budgetId } from '../core/budget.ts'
import { type NanoUsd, nanoToUsd } from '../core/money.ts'
import { standOf } from '../store/budgets.ts'
import { isOneOf } from '../store/dialect.ts'
import { id, queryNames, queryNumber } from './fields.ts'
import type { Operation, OperationContext } from './operation.ts'
import { ADMIN_READERS } from './role-groups.ts'
import { matching, type SpendFilter } from './spend-filter.ts'
import { keyIdOf } from './spend-key.ts'
import { dateFields, dateText, dayText, rangeOf } from './spend-range.ts'
import { dayOfRow, MAX_GROUPS, noMoreThanLimit, sumOf } from './spend-sums.ts'
import { hasTag, tagsOfRow } from './spend-tags.ts'

/** What `/global/*` is about where no dates are given. */
const DAYS = 30

const ALL = { all: true } as const
const nothing = z.strictObject({})
const dates = z.strictObject(dateFields)
const limited = z.strictObject({ ...dateFields, limit: queryNumber(1, 1_000).default(10) })

/**
 * `GET /global/spend`: against the gateway's budget, where there is one, what was spent in its window; else what was spent
 * in 30 days.
 */
export const globalSpend: Operation = {
  ...reading('/global/spend'),
  input: nothing,
  async run({ store, clock }) {
    const id = budgetId({ level: 'gateway', subject: '' })
    const { spent, limit } = (await standOf(store.db, [id])).get(id) ?? {}
    if (spent !== undefined && limit !== undefined) return { spend: nanoToUsd(spent), max_budget: nanoToUsd(limit) }
    const { total } = await store.db
      .selectFrom('ledger')
      .select(sumOf('charge').as('total'))
      .where(matching(store, ALL, { range: rangeOf({}, clock.now(), DAYS) }))
      .executeTakeFirstOrThrow()
    return { spend: nanoToUsd(BigInt(total)), max_budget: null }
  },
}

const logsInput = z.strictObject({ ...dateFields, api_key: id.optional() })

/** `GET /global/spend/logs`: spending per day, the first one first. */
export const globalSpendLogs: Operation<z.output<typeof logsInput>> = {
  ...reading('/global/spend/logs'),
  input: logsInput,
  async run(context, asked) {
    const { store, clock } = context
    const key = keyIdOf(context, asked.api_key)
    const rows = await store.db
      .selectFrom('ledger')
      .select([dayOfRow.as('day'), sumOf('charge').as('total')])
      .where(matching(store, ALL, { key, range: rangeOf(asked, clock.now(), DAYS) }))
      .groupBy(dayOfRow)
      .execute()
    return rows.map(({ day, total }) => ({ date: dayText(Number(day)), spend: nanoToUsd(BigInt(total)) })).sort(byDate)
  },
}

/** `GET /global/spend/models`: those that cost most. */
export const globalSpendModels: Operation<z.output<typeof limited>> = {
  ...reading('/global/spend/models'),
  input: limited,
  async run(context, asked) {
    const rows = await spendBy(context, 'model', asked)
    return rows.map(({ name, total }) => ({ model: name ?? '', total_spend: nanoToUsd(total) }))
  },
}

/** `GET /global/spend/provider` */
export const globalSpendProviders: Operation<z.output<typeof dates>> = {
  ...reading('/global/spend/provider'),
  input: dates,
  async run(context, asked) {
    const rows = await spendBy(context, 'provider', { ...asked, limit: 1_000 })
    return rows.map(({ name, total }) => ({ provider: name ?? '', spend: nanoToUsd(total) }))
  },
}

/** `GET /global/spend/teams`: per day and in all. */
export const globalSpendTeams: Operation<z.output<typeof dates>> = {
  ...reading('/global/spend/teams'),
  input: dates,
  async run({ store, clock }, asked) {
    const rows = await store.db
      .selectFrom('ledger')
      .leftJoin('teams', 'teams.id', 'ledger.team_id')
      .select([dayOfRow.as('day'), 'ledger.team_id', 'teams.alias', sumOf('charge').as('total')])
      .where(matching(store, ALL, { range: rangeOf(asked, clock.now(), DAYS) }))
      .where('ledger.team_id', 'is not', null)
      .groupBy([dayOfRow, 'ledger.team_id', 'teams.alias'])
      .limit(MAX_GROUPS + 1)
      .execute()
    const days = new Map<string, Map<string, NanoUsd>>()
    const teams = new Map<string, NanoUsd>()
    for (const { day, team_id, alias, total } of noMoreThanLimit(rows)) {
      const name = alias ?? team_id ?? ''
      const date = dayText(Number(day))
      const sums = days.get(date) ?? new Map<string, NanoUsd>()
      days.set(date, sums.set(name, (sums.get(name) ?? 0n) + BigInt(total)))
      teams.set(name, (teams.get(name) ?? 0n) + BigInt(total))
    }
    const daily = [...days].map(([date, sums]) => ({ ...dollars(sums), date }))
    const total_spend_per_team = [...teams].map(([team_id, total]) => ({ team_id, total_spend: nanoToUsd(total) }))
    return { daily_spend: daily.sort(byDate), teams: [...teams.keys()], total_spend_per_team }
  },
}

const tagsInput = z.strictObject({ ...dateFields, tags: queryNames.optional() })

/** `GET /global/spend/tags`: a call with two tags counts for both. */
export const globalSpendTags: Operation<z.output<typeof tagsInput>> = {
  ...reading('/global/spend/tags'),
  input: tagsInput,
  async run(context, asked) {
    const rows = await spendByTag(context, asked)
    return {
      spend_per_tag: rows.map(({ tag, total, calls }) => ({ name: tag, spend: nanoToUsd(total), log_count: calls })),
    }
  },
}

/** `GET /spend/tags`: the same in an older shape. */
export const spendTags: Operation<z.output<typeof tagsInput>> = {
  ...reading('/spend/tags'),
  input: tagsInput,
  async run(context, asked) {
    const rows = await spendByTag(context, asked)
    return rows.map(({ tag, total, calls }) => ({
      individual_request_tag: tag,
      log_count: calls,
      total_spend: nanoToUsd(total),
    }))
  },
}

const endUsersInput = z.strictObject({
  api_key: id.nullish(),
  startTime: dateText.nullish(),
  endTime: dateText.nullish(),
  limit: z.number().int().min(1).max(1_000).default(100),
})

/** `POST /global/spend/end_users`: customers that spent most. */
export const globalSpendEndUsers: Operation<z.output<typeof endUsersInput>> = {
  ...reading('/global/spend/end_users'),
  method: 'POST',
  reads: true,
  input: endUsersInput,
  async run(context, { api_key, startTime, endTime, limit }) {
    const { store, clock } = context
    const key = keyIdOf(context, api_key ?? undefined)
    const range = rangeOf({ start_date: startTime ?? undefined, end_date: endTime ?? undefined }, clock.now(), DAYS)
    const rows = await store.db
      .selectFrom('ledger')
      .select(['ledger.end_user', sumOf('charge').as('total'), callCount.as('calls')])
      .where(matching(store, ALL, { key, range }))
      .where('ledger.end_user', 'is not', null)
      .groupBy('ledger.end_user')
      .orderBy(sql`sum(${sql.ref('ledger.charge')})`, 'desc')
      .limit(limit)
      .execute()
    return rows.map(({ end_user, total, calls }) => ({
      end_user,
      total_count: Number(calls),
      total_spend: nanoToUsd(BigInt(total)),
    }))
  },
}

const callCount = sql<string>`cast(count(distinct ${sql.ref('ledger.call_id')}) as text)`

function reading(path: string) {
  return { method: 'GET', paths: [path], name: path.slice(1), roles: ADMIN_READERS } as const
}

interface Asked {
  readonly start_date?: string | undefined
  readonly end_date?: string | undefined
}

/** What was spent by each value of a column, the most first. */
async function spendBy(
  { store, clock }: OperationContext,
  column: 'model' | 'provider',
  asked: Asked & { readonly limit: number },
): Promise<readonly { readonly name: string | null; readonly total: NanoUsd }[]> {
  const rows = await store.db
    .selectFrom('ledger')
    .select([`ledger.${column} as name`, sumOf('charge').as('total')])
    .where(matching(store, ALL, { range: rangeOf(asked, clock.now(), DAYS) }))
    .groupBy(`ledger.${column}`)
    .orderBy(sql`sum(${sql.ref('ledger.charge')})`, 'desc')
    .orderBy(`ledger.${column}`)
    .limit(asked.limit)
    .execute()
  return rows.map(({ name, total }) => ({ name, total: BigInt(total) }))
}

async function spendByTag(
  { store, clock }: OperationContext,
  asked: Asked & { readonly tags?: readonly string[] | undefined },
) {
  const filter: SpendFilter = { range: rangeOf(asked, clock.now(), DAYS) }
  let query = store.db
    .selectFrom('ledger')
    .innerJoin(tagsOfRow(store).as('tag'), join => join.onTrue())
    .select(['tag.value as tag', sumOf('charge').as('total'), callCount.as('calls')])
    .where(matching(store, ALL, filter))
  if (asked.tags) query = query.where(hasTag(store, asked.tags)).where(isOneOf(store.db, 'tag.value', asked.tags))
  const rows = await query
    .groupBy('tag.value')
    .orderBy(sql`sum(${sql.ref('ledger.charge')})`, 'desc')
    .orderBy('tag.value')
    .limit(1_000)
    .execute()
  return rows.map(({ tag, total, calls }) => ({ tag, total: BigInt(total), calls: Number(calls) }))
}

function dollars(sums: ReadonlyMap<string, NanoUsd>): Record<string, number> {
  return Object.fromEntries([...sums].map(([name, sum]) => [name, nanoToUsd(sum)]))
}

function byDate(one: { readonly date: string }, other: { readonly date: string }): number {
  return one.date < other.date ? -1 : 1
}
