import type { BudgetLevel } from '../core/budget.ts'
import type { Account, Lease } from '../ledger/account.ts'
import type { JsonColumns } from './dialect.ts'
import type { BudgetRow, LeaseRow } from './schema.ts'

export const BUDGET_COLUMNS = {
  id: 'text',
  level: 'text',
  subject: 'text',
  name: 'text',
  pool: 'text',
  period: 'text',
  limit_nano: 'integer',
  soft_nano: 'integer',
  spent: 'integer',
  leased: 'integer',
  window_start: 'integer',
  resets_at: 'integer',
  soft_told: 'integer',
  limit_told: 'integer',
  wanted_at: 'integer',
} as const satisfies JsonColumns & Record<keyof BudgetRow, unknown>

export const SUM_COLUMNS = { id: 'text', spent: 'integer', leased: 'integer' } as const satisfies JsonColumns

export const LEASE_COLUMNS = {
  replica: 'text',
  budget_id: 'text',
  window_start: 'integer',
  written_off: 'integer',
  amount: 'integer',
} as const satisfies JsonColumns & Record<keyof LeaseRow, unknown>

/** A budget as its row and the rows of its leases say. */
export function accountOf(row: BudgetRow, leases: readonly LeaseRow[]): Account {
  return {
    id: row.id,
    level: row.level as BudgetLevel,
    subject: row.subject,
    ...(row.name !== null && { name: row.name }),
    ...(row.pool !== '' && { pool: row.pool }),
    period: row.period,
    limit: row.limit_nano ?? undefined,
    ...(row.soft_nano !== null && { softLimit: row.soft_nano }),
    spent: row.spent,
    leased: row.leased,
    windowStart: row.window_start,
    resetsAt: row.resets_at ?? undefined,
    softTold: row.soft_told ?? undefined,
    limitTold: row.limit_told ?? undefined,
    wantedAt: row.wanted_at,
    leases: leasesOf(row, leases),
  }
}

function leasesOf(budget: BudgetRow, rows: readonly LeaseRow[]): Lease[] {
  const leases = new Map<string, Lease>()
  for (const { replica, window_start, amount, written_off } of rows) {
    if (window_start !== budget.window_start || amount === 0n) continue
    const lease = leases.get(replica) ?? { replica, live: 0n, writtenOff: 0n }
    leases.set(replica, written_off === 0 ? { ...lease, live: amount } : { ...lease, writtenOff: amount })
  }
  return [...leases.values()]
}

/** The row of a budget, money in digits, as `rowsOfJson` takes it. */
export function budgetJson(account: Account): Record<keyof BudgetRow, unknown> {
  return {
    id: account.id,
    level: account.level,
    subject: account.subject,
    name: account.name ?? null,
    pool: account.pool ?? '',
    period: account.period,
    limit_nano: account.limit?.toString() ?? null,
    soft_nano: account.softLimit?.toString() ?? null,
    spent: account.spent.toString(),
    leased: account.leased.toString(),
    window_start: account.windowStart,
    resets_at: account.resetsAt ?? null,
    soft_told: account.softTold ?? null,
    limit_told: account.limitTold ?? null,
    wanted_at: account.wantedAt,
  }
}

/** The same of its sums alone. */
export function sumsJson({ id, spent, leased }: Account): Record<keyof typeof SUM_COLUMNS, string> {
  return { id, spent: spent.toString(), leased: leased.toString() }
}

const STEADY = [
  'level',
  'subject',
  'name',
  'pool',
  'period',
  'limit',
  'softLimit',
  'windowStart',
  'resetsAt',
  'softTold',
  'limitTold',
  'wantedAt',
] as const satisfies readonly (keyof Account)[]

/** Of most that is charged only the sums move: a third of the columns, and none that an index has. */
export function onlySumsDiffer(before: Account | undefined, after: Account): boolean {
  return before !== undefined && STEADY.every(name => before[name] === after[name])
}

/** The rows of leases that differ between two states of an account within one window; what is gone has the amount 0. */
export function changedLeases(before: readonly Lease[], after: Account): Record<keyof LeaseRow, unknown>[] {
  const old = new Map(before.map(lease => [lease.replica, lease]))
  const replicas = new Set([...old.keys(), ...after.leases.map(({ replica }) => replica)])
  const present = new Map(after.leases.map(lease => [lease.replica, lease]))
  const rows: Record<keyof LeaseRow, unknown>[] = []
  for (const replica of replicas) {
    const place = { replica, budget_id: after.id, window_start: after.windowStart }
    const [was, is] = [old.get(replica), present.get(replica)]
    if (was?.live !== is?.live) rows.push({ ...place, written_off: 0, amount: (is?.live ?? 0n).toString() })
    if ((was?.writtenOff ?? 0n) !== (is?.writtenOff ?? 0n))
      rows.push({ ...place, written_off: 1, amount: (is?.writtenOff ?? 0n).toString() })
  }
  return rows
}
