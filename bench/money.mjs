// npm run bench -- --money: what keys, limits, budgets and the ledger cost per call, in this process and without HTTP.
//   --rounds N   rounds of each, which take turns (default 9)
//   --calls N    calls of a round (default 5,000)
//   --keys N     keys in the cache (default 100,000)
//   --with       only with money, for a profile (node --cpu-prof bench/money.mjs --with)
//   --rows       instead: ledger rows a second into SQLite and PostgreSQL
//   --memory N   instead: the heap over N calls (node --expose-gc bench/money.mjs --memory 1000000)
import { parseArgs } from 'node:util'
import { parts as bundle } from './money/bundle.mjs'
import { memory } from './money/memory.mjs'
import { refusedOf, stage } from './money/stage.mjs'
import { busiest, cpu, since, threads } from './money/threads.mjs'
import { throughputs } from './money/throughput.mjs'
import { spread } from './statistics.mjs'

/** Of the cached keys, so many call in turn; calls under way at once; calls before anything is counted. */
const ACTIVE = 200
const AT_ONCE = 10
const WARM = 60_000

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    calls: { type: 'string', default: '5000' },
    keys: { type: 'string', default: '100000' },
    with: { type: 'boolean', default: false },
    rows: { type: 'boolean', default: false },
    memory: { type: 'string' },
    money: { type: 'boolean', default: false },
  },
})
const calls = Number(values.calls)

/** Calls that the store was too slow for; their rounds say little. */
let refused = 0

const parts = await bundle()
if (values.rows) await throughputs(parts)
else if (values.memory !== undefined) await memory(parts, { calls: Number(values.memory), keys: Number(values.keys) })
else await compare()

async function compare() {
  const withMoney = await stage(parts, { money: true, keys: Number(values.keys) })
  const without = values.with ? undefined : await stage(parts, { money: false, keys: 1 })
  try {
    for (const one of [withMoney, without]) if (one) await round(one, WARM)
    const seen = { money: [], plain: [], hit: [] }
    for (let number = 0; number < Number(values.rounds); number++) {
      seen.money.push(await round(withMoney, calls))
      if (without) seen.plain.push(await round(without, calls))
      seen.hit.push(await hits(withMoney))
    }
    report(seen)
    for (const warning of withMoney.warnings) console.error(warning)
  } finally {
    await without?.close()
    await withMoney.close()
  }
}

/** CPU time per call, in µs; with what the store does until it has the rows. */
async function round({ headers, call, settle }, count) {
  const step = Math.max(1, Math.floor(headers.length / ACTIVE))
  const before = { cpu: cpu(), threads: threads() }
  for (let done = 0; done < count; done += AT_ONCE) {
    const group = []
    for (let at = 0; at < AT_ONCE; at++) group.push(call(headers[((done + at) * step) % headers.length]))
    refused += await refusedOf(group)
    // As between two batches of sockets.
    await new Promise(resolve => setImmediate(resolve))
    if (done % 1000 === 0) await settle()
  }
  await settle()
  const { all, main } = since(before.cpu)
  return { all: all / count, main: main / count, store: busiest(before.threads) / count }
}

/**
 * A key that is known, among all of them: as a new text each time, as it comes off a socket. What it takes to make the texts is
 * not part of it.
 */
async function hits({ headers, backing }) {
  const count = 200_000
  const step = 7919
  const keys = headers.map(({ authorization }) => Buffer.from(authorization.slice(7)))
  const look = find => {
    const before = cpu()
    for (let at = 0; at < count; at++) find(keys[(at * step) % keys.length].latin1Slice())
    return since(before).all / count
  }
  const made = look(key => key.length)
  return look(key => backing.callers.find(key)) - made
}

function report({ money, plain, hit }) {
  const of = (list, key) => spread(list.map(one => one[key]))
  const line = (name, { median, low, high }) =>
    console.log(`${name.padEnd(44)} ${median.toFixed(2).padStart(8)}  (${low.toFixed(2)}-${high.toFixed(2)})`)
  console.log(`\nµs of CPU per call, medians of ${money.length} rounds of ${calls}, ${values.keys} keys in the cache`)
  line('with money: main thread', of(money, 'main'))
  if (plain.length > 0) {
    line('without: main thread', of(plain, 'main'))
    line('MONEY: main thread', spread(money.map(({ main }, at) => main - plain[at].main)))
    line('MONEY: all threads', spread(money.map(({ all }, at) => all - plain[at].all)))
  }
  line("of it the store's thread (SQLite)", of(money, 'store'))
  line('a key that is cached', spread(hit))
  if (refused > 0) console.log(`${refused} calls were refused: this machine is too busy`)
}
