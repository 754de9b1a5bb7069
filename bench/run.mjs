// npm run bench: what the gateway costs, as a ratio to the bare pass-through in the same run. See docs/performance.md.
//   --quick      under a minute, for a gate: small and stream only
//   --json FILE  the figures as JSON
//   --no-bar     print only; without it, a ratio above the bar ends with status 1
//   --only LOAD  small, large or stream; may be repeated
//   --gateway F  another build's bin/tollgate.js, to compare with
//   --money      instead: what money costs per call, without HTTP (bench/money.mjs)
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { LOADS } from './answers.mjs'
import { startAll } from './contenders.mjs'
import { measureLoad } from './measure.mjs'
import { table } from './table.mjs'

if (process.argv.includes('--money')) {
  await import('./money.mjs')
  process.exit()
}

/** CPU time per request at the same rate, at most so many times the bare pass-through's. */
const BARS = { small: 2.5, stream: 2.5 }

const PLANS = {
  full: { warmMs: 20_000, rounds: 7, steadyMs: 3_000, busyRounds: 5, busyMs: 2_000, calmRounds: 5, calmMs: 1_500 },
  quick: { warmMs: 15_000, rounds: 3, steadyMs: 1_500, busyRounds: 1, busyMs: 1_000, calmRounds: 2, calmMs: 400 },
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    'no-bar': { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    gateway: { type: 'string' },
  },
})

const about = {
  date: new Date().toISOString().slice(0, 10),
  commit: values.gateway ?? commit(),
  node: process.version,
  machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}`,
  loadAverage: loadavg()[0],
}

const results = await measure(values.only ?? (values.quick ? Object.keys(BARS) : Object.keys(LOADS)))
console.log(table(about, results))
if (values.json) writeFileSync(values.json, `${JSON.stringify({ ...about, results }, undefined, 2)}\n`)
if (!values['no-bar']) judge(results)

async function measure(names) {
  const contenders = await startAll(values.gateway ? { program: values.gateway } : {})
  const plan = values.quick ? PLANS.quick : PLANS.full
  const measured = []
  try {
    for (const name of names) measured.push(await measureLoad(name, contenders, plan))
  } finally {
    await contenders.stop()
  }
  return measured
}

function judge(measured) {
  for (const { load, title, ratio } of measured) {
    const bar = BARS[load]
    if (bar === undefined || ratio.median <= bar) continue
    console.error(`${title}: ${ratio.median.toFixed(2)} times the CPU of the bare pass-through; the bar is ${bar}`)
    process.exitCode = 1
  }
}

function commit() {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
