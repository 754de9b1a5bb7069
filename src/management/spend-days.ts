import { type NanoUsd, nanoToUsd } from '../core/money.ts'
import type { Store } from '../store/store.ts'
import { matching, type SpendFilter } from './spend-filter.ts'
import { daysOf, dayText, type Range } from './spend-range.ts'
import type { Sight } from './spend-scope.ts'
import { dayOfRow, MAX_GROUPS, noMoreThanLimit, sumOf } from './spend-sums.ts'

class Day {
  spend: NanoUsd = 0n
  readonly users = new Map<string, NanoUsd>()
  readonly models = new Map<string, NanoUsd>()

  add(spend: NanoUsd, user: string, model: string): void {
    this.spend += spend
    this.users.set(user, (this.users.get(user) ?? 0n) + spend)
    this.models.set(model, (this.models.get(model) ?? 0n) + spend)
  }
}

/** Spending per day in UTC, by user and by model, as LiteLLM sums `/spend/logs` up: every day of the range, the first one first. */
export async function spendByDay(store: Store, sight: Sight, filter: SpendFilter & { readonly range: Range }) {
  const rows = await store.db
    .selectFrom('ledger')
    .select([dayOfRow.as('day'), 'ledger.user_id', 'ledger.model', sumOf('charge').as('sum')])
    .where(matching(store, sight, filter))
    .groupBy([dayOfRow, 'ledger.user_id', 'ledger.model'])
    .limit(MAX_GROUPS + 1)
    .execute()
  const days = new Map(daysOf(filter.range).map(day => [day, new Day()]))
  for (const { day, user_id, model, sum } of noMoreThanLimit(rows))
    days.get(dayText(Number(day)))?.add(BigInt(sum), user_id ?? '', model)
  return [...days].map(([startTime, { spend, users, models }]) => ({
    startTime,
    spend: nanoToUsd(spend),
    users: dollars(users),
    models: dollars(models),
  }))
}

function dollars(sums: ReadonlyMap<string, NanoUsd>): Record<string, number> {
  return Object.fromEntries([...sums].map(([name, sum]) => [name, nanoToUsd(sum)]))
}
