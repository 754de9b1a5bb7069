import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { formatUsd, type NanoUsd, usdToNano } from '../core/money.ts'

/** Sums over calls. */
export interface Totals {
  calls: number
  /** Failed; abandoned calls are not errors. */
  errors: number
  fallbacks: number
  promptTokens: number
  completionTokens: number
  /** Exact. */
  cost: NanoUsd
  /** Calls whose cost is a lower bound, because an attempt had no price. */
  unpriced: number
  /** Microseconds, as an integer, so that a sum of many does not drift. */
  latencyUs: number
  /** Of the slowest call. */
  maxLatencyUs: number
}

export interface RunSummary {
  readonly total: Readonly<Totals>
  /** By the model that answered (or failed last), the dearest first. */
  readonly byModel: ReadonlyMap<string, Readonly<Totals>>
  /** By the pool that was asked for, the dearest first. */
  readonly byPool: ReadonlyMap<string, Readonly<Totals>>
  /** Lines that are not a JSON object with a cost: none, unless the file was damaged. */
  readonly unreadable: number
}

/** Which lines count. Absent: all. */
export interface SummaryFilter {
  readonly runId?: string
}

/** Sums up the lines of a run, without keeping any of them. */
export async function summariseRun(
  lines: AsyncIterable<string> | Iterable<string>,
  { runId }: SummaryFilter = {},
): Promise<RunSummary> {
  const total = noTotals()
  const byModel = new Map<string, Totals>()
  const byPool = new Map<string, Totals>()
  let unreadable = 0
  for await (const text of lines) {
    if (text.trim() === '') continue
    const line = parse(text)
    if (!line) {
      unreadable++
      continue
    }
    if (runId !== undefined && line.run_id !== runId) continue
    for (const totals of [total, of(byModel, line.model), of(byPool, line.pool)]) add(totals, line)
  }
  return { total, byModel: dearestFirst(byModel), byPool: dearestFirst(byPool), unreadable }
}

interface Line extends JsonObject {
  readonly cost_usd: number | null
}

function parse(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return undefined
    const { cost_usd } = value
    // Null: no price is known.
    return typeof cost_usd === 'number' || cost_usd === null ? { ...value, cost_usd } : undefined
  } catch {
    return undefined
  }
}

function noTotals(): Totals {
  return {
    calls: 0,
    errors: 0,
    fallbacks: 0,
    promptTokens: 0,
    completionTokens: 0,
    cost: 0n,
    unpriced: 0,
    latencyUs: 0,
    maxLatencyUs: 0,
  }
}

function of(groups: Map<string, Totals>, name: Json | undefined): Totals {
  const key = typeof name === 'string' ? name : '(none)'
  const totals = groups.get(key) ?? noTotals()
  groups.set(key, totals)
  return totals
}

function add(totals: Totals, line: Line): void {
  const latencyUs = Math.round(numberOf(line.latency_s) * 1_000_000)
  totals.calls++
  if (line.status === 'error') totals.errors++
  if (line.fallback_triggered === true) totals.fallbacks++
  if (line.unpriced === true) totals.unpriced++
  totals.promptTokens += numberOf(line.prompt_tokens)
  totals.completionTokens += numberOf(line.completion_tokens)
  totals.cost += costOf(line)
  totals.latencyUs += latencyUs
  totals.maxLatencyUs = Math.max(totals.maxLatencyUs, latencyUs)
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

/** The integer where there is one, which other writers of such lines may lack. */
function costOf({ cost_nano_usd: nano, cost_usd: usd }: Line): NanoUsd {
  if (typeof nano === 'number' && Number.isSafeInteger(nano)) return BigInt(nano)
  if (typeof nano === 'string' && /^\d+$/.test(nano)) return BigInt(nano)
  return usd === null ? 0n : usdToNano(usd)
}

function dearestFirst(groups: Map<string, Totals>): Map<string, Totals> {
  return new Map([...groups].sort(([nameA, a], [nameB, b]) => compare(b.cost, a.cost) || compare(nameA, nameB)))
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

const HEAD = ['calls', 'errors', 'tokens in', 'tokens out', 'cost', 'cost per call', 'mean latency', 'max latency']

/** The summary as a table of text: a row for each model, or pool, and a last one for all. */
export function formatSummary(summary: RunSummary, by: 'model' | 'pool' = 'model'): string {
  const groups = by === 'model' ? summary.byModel : summary.byPool
  const rows = [[by, ...HEAD], ...[...groups].map(([name, totals]) => row(name, totals)), row('total', summary.total)]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(cells => cells[column]?.length ?? 0))) ?? []
  const text = rows.map(cells => align(cells, widths))
  const rule = '─'.repeat(text[0]?.length ?? 0)
  return [text[0], rule, ...text.slice(1, -1), rule, text.at(-1), ...notes(summary)].join('\n')
}

/** Names to the left, figures to the right. */
function align(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
    .join('  ')
}

function row(name: string, totals: Totals): string[] {
  const calls = BigInt(Math.max(totals.calls, 1))
  return [
    name,
    String(totals.calls),
    String(totals.errors),
    String(totals.promptTokens),
    String(totals.completionTokens),
    `$${formatUsd(totals.cost, 6)}`,
    `$${formatUsd((totals.cost + calls / 2n) / calls, 6)}`,
    `${(totals.latencyUs / Number(calls) / 1_000_000).toFixed(3)} s`,
    `${(totals.maxLatencyUs / 1_000_000).toFixed(3)} s`,
  ]
}

function notes({ total, unreadable }: RunSummary): string[] {
  const found: string[] = []
  if (total.unpriced > 0)
    found.push(`${total.unpriced} of ${total.calls} calls have no full price: the cost is a lower bound`)
  if (unreadable > 0) found.push(`${unreadable} lines could not be read and are not in these figures`)
  return found
}
