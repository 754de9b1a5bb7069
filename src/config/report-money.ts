import type { BudgetTerms } from '../core/budget.ts'
import { formatUsd, type NanoUsd } from '../core/money.ts'
import type { StoreSettings } from '../core/money-settings.ts'
import type { RedisPlace, RedisSettings } from '../core/redis-settings.ts'
import { shownAddress } from '../core/shown-address.ts'
import type { Settings } from './settings.ts'

/** What `tollgate check` says of money and of what replicas share. Nothing in it is secret. */
export interface MoneyReport {
  readonly store: {
    readonly kind: StoreSettings['kind']
    /** The file, or the address without user and password. */
    readonly place?: string
    readonly away: string
  }
  readonly journal?: string
  readonly redis?: { readonly place: string; readonly tls: boolean; readonly away: string }
  readonly workers: number | 'auto'
  readonly budgets: readonly BudgetReport[]
  readonly unpriced: string
  readonly webhook?: string
}

export interface BudgetReport {
  readonly level: string
  readonly subject: string
  readonly name?: string
  readonly period: string
  /** US dollars as decimal text; absent: spending is counted and not bounded. */
  readonly limit?: string
}

const MEGABYTE = 1024 * 1024

/** The report on money as data. */
export function moneyReport({ store, money, redis, workers }: Settings): MoneyReport {
  const place = storePlace(store)
  const { journal, webhook, unpriced } = money
  return {
    store: { kind: store.kind, away: storeAway(store, money), ...(place !== undefined && { place }) },
    ...(store.kind !== 'none' && { journal }),
    ...(redis && { redis: { place: redisPlace(redis), tls: isTls(redis), away: REDIS_AWAY } }),
    workers,
    budgets: money.budgets.map(budgetReport),
    unpriced: unpricedText(unpriced),
    // The path of a webhook is often its password.
    ...(webhook && { webhook: new URL(webhook.url.reveal()).origin }),
  }
}

/** The same as lines for people. */
export function moneyLines(settings: Settings, bold: (text: string) => string): readonly string[] {
  const { store, journal, redis, workers, budgets, unpriced, webhook } = moneyReport(settings)
  const { backlog } = settings.money
  const lines = [
    `${bold('store')}     ${KINDS[store.kind]}${store.place === undefined ? '' : ` ${store.place}`}`,
    `          ${store.away}`,
  ]
  const room = `${backlog.rows.toLocaleString('en-US')} rows or ${Math.round(backlog.bytes / MEGABYTE)} MiB at most wait for the store`
  if (journal !== undefined) lines.push(`${bold('journal')}   ${journal}: ${room}`)
  if (redis) lines.push(`${bold('redis')}     ${redis.place}${redis.tls ? ', TLS' : ''}`, `          ${redis.away}`)
  if (workers !== 1)
    lines.push(
      `${bold('workers')}   ${workers === 'auto' ? 'one process per core' : `${workers} processes`} behind one port`,
    )
  if (store.kind !== 'none') lines.push(`${bold('unpriced')}  ${unpriced}`)
  if (webhook !== undefined) lines.push(`${bold('alerts')}    to ${webhook}`)
  if (budgets.length > 0) lines.push('', bold('budgets'), ...table(budgets.map(rowOf)))
  return lines
}

const KINDS: Readonly<Record<StoreSettings['kind'], string>> = {
  none: 'none: no keys, no budgets, no ledger',
  memory: 'memory: keys, budgets and the ledger end with the process',
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
}

function storePlace(store: StoreSettings): string | undefined {
  if (store.kind === 'sqlite') return store.path
  return store.kind === 'postgres' ? shownAddress(store.url.reveal()) : undefined
}

function storeAway(store: StoreSettings, { whenAway }: Settings['money']): string {
  if (store.kind === 'none') return 'budgets of the configuration are not kept either'
  if (store.kind === 'memory') return 'for trying things out: nothing is shared, nothing is kept'
  const limited =
    whenAway === 'refuse'
      ? 'limited keys are refused (503)'
      : 'limited keys go on with the money that was leased, then are refused (503)'
  return `away: ${limited}; unlimited ones go on while the journal has room`
}

const REDIS_AWAY = 'away: each replica gives its part of every limit by itself, and no call waits'

function redisPlace({ place, db, namespace }: RedisSettings): string {
  const keys = namespace === undefined ? '' : `, namespace ${namespace}`
  return `${nodesOf(place)}${place.kind === 'cluster' || place.kind === 'url' ? '' : ` database ${db}`}${keys}`
}

function nodesOf(place: RedisPlace): string {
  if (place.kind === 'url') return shownAddress(place.url.reveal())
  if (place.kind === 'node') return `${place.host}:${place.port}`
  const nodes = place.nodes.map(({ host, port }) => `${host}:${port}`).join(', ')
  return place.kind === 'cluster' ? `cluster ${nodes}` : `master ${place.service} by sentinels ${nodes}`
}

function isTls({ place, tls }: RedisSettings): boolean {
  return tls !== undefined || (place.kind === 'url' && /^rediss:/i.test(place.url.reveal()))
}

function unpricedText(unpriced: Settings['money']['unpriced']): string {
  if (unpriced === 'refuse') return 'limited keys are refused where no price is known'
  if (unpriced === 'allow') return 'calls without a known price are not counted against any budget'
  return `$${dollars(unpriced)} is held and charged for a call without a known price`
}

function budgetReport({ level, subject, name, period, limit }: BudgetTerms): BudgetReport {
  return {
    level,
    subject,
    period,
    ...(name !== undefined && { name }),
    ...(limit !== undefined && { limit: dollars(limit) }),
  }
}

/** With cents, and more digits where there are any. */
function dollars(amount: NanoUsd): string {
  return formatUsd(amount).replace(/(\.\d\d\d*?)0+$/, '$1')
}

function rowOf({ level, subject, name, period, limit }: BudgetReport): readonly string[] {
  return [level, name ?? (subject === '' ? '(all)' : subject), period, limit === undefined ? 'no limit' : `$${limit}`]
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const all = [['level', 'subject', 'period', 'limit'], ...rows]
  const widths = [0, 1, 2].map(column => Math.max(...all.map(row => (row[column] ?? '').length)))
  return all.map(row => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}
