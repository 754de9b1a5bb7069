// The gate: what a small call and a stream cost, as a ratio to the bare pass-through, against what was accepted before.
import { writeFileSync } from 'node:fs'
import { startBare } from './contenders/basics.mjs'
import { startTollgate } from './contenders/tollgate.mjs'
import { startGround } from './itinerary.mjs'
import { LOADS } from './loads.mjs'
import { rounds, takenByOthers } from './measure/driver.mjs'
import { acceptBetter, judge, readRatchet } from './ratchet.mjs'
import { Stage } from './stage/stage.mjs'
import { median, quantile } from './statistics.mjs'
import { aligned } from './table.mjs'

const lowest = values => Math.min(...values)

/**
 * Counted in calls, not in seconds: V8 makes the code faster with each of the first 70,000 calls, so that a busy machine
 * would otherwise measure a colder gateway. Many short rounds of about the same length;
 * `figure` is what of them strayed least over 14 measurements on a busy machine: other work makes a call dearer, never
 * cheaper, but a stream both, whose events then come in lumps.
 */
const PLANS = {
  small: { rounds: 8, calls: { bare: 5_000, tollgate: 1_500, plain: 3_000 }, warm: 20_000, figure: lowest },
  stream: { rounds: 6, calls: { bare: 40, tollgate: 40, plain: 40 }, warm: 100, figure: median },
}
/** The most that a round or a warm-up may take, on a machine that is busy. */
const MOST_MS = 60_000
/** A machine that is busy elsewhere makes figures worse, never better: so often it is measured before it is believed. */
const ATTEMPTS = 3

/** @returns the exit status */
export async function gate({ options, say }) {
  const stage = new Stage()
  const accepted = readRatchet()
  const attempts = []
  try {
    const { driver, contenders } = await start(stage, options)
    await warm(driver, contenders, say)
    while (attempts.length < ATTEMPTS) {
      say(`measuring${attempts.length > 0 ? ' again' : ''}`)
      attempts.push(await measure(driver, contenders))
      if (!options.ratchet && judge(accepted, best(attempts)).every(({ isWorse }) => !isWorse)) break
    }
  } finally {
    await stage.stop()
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(attempts, undefined, 2)}\n`)
  console.log(`\n${table(accepted, attempts)}\n`)
  if (options.ratchet) return acceptBetter(accepted, attempts)
  return verdict(accepted, attempts, stage.cores)
}

async function start(stage, { build }) {
  const { upstream, driver } = await startGround(stage)
  const contenders = [
    await startBare(stage, upstream),
    await startTollgate(stage, upstream, build),
    await startTollgate(stage, upstream, { ...build, name: 'plain', plain: true }),
  ]
  return { driver, contenders }
}

async function warm(driver, contenders, say) {
  say('warming up')
  for (const [load, plan] of Object.entries(PLANS))
    for (const one of contenders) await driver.warm(one, load, { mostMs: MOST_MS, calls: plan.warm })
}

/** @returns for each load and contender but bare: the ratio, and of what it was made. */
async function measure(driver, contenders) {
  const found = []
  for (const [load, plan] of Object.entries(PLANS)) {
    const job = name => ({ connections: 10, durationMs: MOST_MS, maxRequests: plan.calls[name] })
    const seen = await rounds(plan.rounds, contenders, one => driver.priced(one, load, job(one.name)))
    const taken = takenByOthers(seen)
    const micros = name => seen[name].map(({ cpuMicros }) => cpuMicros)
    const bare = micros('bare')
    for (const { name } of contenders.slice(1)) {
      const own = micros(name)
      found.push({ load, name, ratio: plan.figure(own) / plan.figure(bare), taken, own, bare })
    }
  }
  return found
}

/** Of each figure the measurement with the lowest ratio. */
function best(attempts) {
  return attempts[0].map((_, index) =>
    attempts.map(attempt => attempt[index]).reduce((one, other) => (other.ratio < one.ratio ? other : one)),
  )
}

/** @returns the exit status */
function verdict(accepted, attempts, cores) {
  if (!cores.pinned || !accepted.compares) {
    const why = cores.pinned ? accepted.why : `${cores.why}, so figures do not compare with bench/ratchet.json`
    console.log(`NOT JUDGED: ${why}.`)
    return 0
  }
  const judged = judge(accepted, best(attempts))
  const worse = judged.filter(({ isWorse }) => isWorse)
  if (worse.length > 0) complain(worse)
  else console.log(`No figure is more than ${excess(judged)} worse than what was accepted.`)
  return worse.length > 0 ? 1 : 0
}

/** What is allowed here, and why it is more when the machine was busy. */
function excess(judged) {
  const allowed = Math.max(...judged.map(one => one.allowed))
  const taken = Math.max(...judged.map(one => one.taken))
  return `${percent(allowed - 1)} (others took the contender's core for up to ${percent(taken)} of its time)`
}

function complain(worse) {
  for (const { load, name, ratio, before } of worse) {
    const now = `${ratio.toFixed(2)} times the CPU of the bare pass-through`
    console.error(`${LOADS[load].title}, ${name}: ${now}; ${before.toFixed(2)} was accepted`)
  }
  console.error(`
A change has made calls dearer by more than ${excess(worse)}, in each of ${ATTEMPTS} measurements.
What can be done:
- see where the time goes, before the change and after it: npm run bench -- --flame
- compare the two builds: npm run bench -- --quick --gateway ../before/bin/tollgate.js
- if it is worth it, set the figure in bench/ratchet.json by hand, and say why in the commit`)
}

function table(accepted, attempts) {
  const rows = judge(accepted, best(attempts)).map(({ load, name, ratio, before, taken, own, bare }) => [
    LOADS[load].title,
    name,
    ratio.toFixed(2),
    before === undefined ? '' : before.toFixed(2),
    attempts.map(attempt => attempt.find(one => one.load === load && one.name === name).ratio.toFixed(2)).join(' '),
    spreadOf(own.map((micros, round) => micros / bare[round])),
    spreadOf(own, 0),
    spreadOf(bare, 0),
    percent(taken),
  ])
  const titles = ['load', 'who', 'x bare', 'accepted', 'measured', 'pairs', 'CPU µs', 'bare CPU µs', 'core taken']
  return aligned([titles, ...rows])
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`
}

function spreadOf(values, digits = 2) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = part => quantile(sorted, part).toFixed(digits)
  return `${at(0.5)} (${at(0)}-${at(1)})`
}
