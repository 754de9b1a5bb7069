// node monitoring.mjs [pool-calls.jsonl]: what to look at in the first week.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** Dollars per token of the capable pool's cheapest deployment: the baseline is all traffic sent there. */
const BASELINE = { input: 0.000002, output: 0.000008 }

/** A row per pool: its share of the calls, how many needed a fallback, and what they cost beside the baseline. */
export function poolTable(lines) {
  const calls = lines.filter(line => line.purpose === 'answer')
  const pools = [...new Set(calls.map(poolOf))]
  const rows = pools.map(pool =>
    row(
      pool,
      calls.filter(call => poolOf(call) === pool),
      calls.length,
    ),
  )
  rows.sort((a, b) => b.calls - a.calls)
  return [...rows, row('all', calls, calls.length)]
}

export function formatTable(rows) {
  const head = ['pool', 'calls', 'share', 'errors', 'fallbacks', 'cost', 'all-capable', 'of it']
  const cells = rows.map(row => [
    row.pool,
    String(row.calls),
    percent(row.share),
    String(row.errors),
    percent(row.fallbackRate),
    `$${row.cost.toFixed(6)}`,
    `$${row.baseline.toFixed(6)}`,
    row.baseline > 0 ? percent(row.cost / row.baseline) : '–',
  ])
  const widths = head.map((_, at) => Math.max(...[head, ...cells].map(row => row[at].length)))
  return [head, ...cells]
    .map(row => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  '))
    .join('\n')
}

/** Calls that another pool answered than the one they were meant for: worth reading by hand. */
export function escalations(lines) {
  return lines.filter(line => line.fallback_triggered)
}

/** The pool that a call was meant for: what `auto` chose, else what was asked for. */
export function poolOf({ pool, classification }) {
  return classification?.task ?? pool
}

function row(pool, calls, all) {
  const sum = figure => calls.reduce((total, call) => total + figure(call), 0)
  const fallbacks = calls.filter(call => call.fallback_triggered).length
  return {
    pool,
    calls: calls.length,
    share: calls.length / all,
    errors: calls.filter(call => call.status === 'error').length,
    fallbackRate: fallbacks / calls.length,
    cost: sum(call => call.cost_usd),
    baseline: sum(call => (call.prompt_tokens ?? 0) * BASELINE.input + (call.completion_tokens ?? 0) * BASELINE.output),
  }
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`
}

export function readLines(path) {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(formatTable(poolTable(readLines(process.argv[2] ?? 'pool-calls.jsonl'))))
