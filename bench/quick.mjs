// The gate: what a small call and a stream cost, as a ratio to the bare pass-through, against what was accepted before.
import { writeFileSync } from 'node:fs'
import { startBare } from './contenders/basics.mjs'
import { startTollgate } from './contenders/tollgate.mjs'
import { startGround } from './itinerary.mjs'
import { LOADS } from './loads.mjs'
import { rounds } from './measure/driver.mjs'
import { acceptBetter, judge, readRatchet } from './ratchet.mjs'
import { Stage } from './stage/stage.mjs'
import { quantile } from './statistics.mjs'
import { aligned } from './table.mjs'

/**
 * Counted in calls, not in seconds: V8 makes the code faster with each of the first 70,000 calls, so that a busy machine
 * would otherwise measure a colder gateway. Many short rounds, so that each contender has some that nothing disturbed.
 */
const PLANS = {
  small: { rounds: 14, calls: 1_500, warm: 30_000 },
  stream: { rounds: 10, calls: 40, warm: 150 },
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

async function start(stage, { gateway }) {
  const { upstream, driver } = await startGround(stage)
  const program = gateway && { program: gateway }
  const contenders = [
    await startBare(stage, upstream),
    await startTollgate(stage, upstream, { ...program }),
    await startTollgate(stage, upstream, { ...program, name: 'plain', plain: true }),
  ]
  return { driver, contenders }
}

async function warm(driver, contenders, say) {
  say('warming up')
  for (const [load, plan] of Object.entries(PLANS))
    for (const one of contenders) await driver.warm(one, load, { mostMs: MOST_MS, calls: plan.warm })
}

/** @returns for each load and contender but bare: the ratio, and µs of all rounds of it and of bare. */
async function measure(driver, contenders) {
  const found = []
  for (const [load, plan] of Object.entries(PLANS)) {
    const job = { connections: 10, durationMs: MOST_MS, maxRequests: plan.calls }
    const seen = await rounds(plan.rounds, contenders, one => driver.priced(one, load, job))
    const micros = name => seen[name].map(({ cpuMicros }) => cpuMicros)
    for (const { name } of contenders.slice(1))
      found.push({
        load,
        name,
        ratio: undisturbed(micros(name)) / undisturbed(micros('bare')),
        ...{ own: micros(name), bare: micros('bare') },
      })
  }
  return found
}

/** What rounds take that nothing disturbed: a quarter of them take less. */
function undisturbed(micros) {
  return quantile(
    [...micros].sort((a, b) => a - b),
    0.25,
  )
}

/** The lowest ratio of each. */
function best(attempts) {
  return attempts[0].map((one, index) => {
    const ratio = Math.min(...attempts.map(attempt => attempt[index].ratio))
    return { ...one, ratio }
  })
}

function verdict(accepted, attempts, cores) {
  const judged = judge(accepted, best(attempts))
  const worse = judged.filter(({ isWorse }) => isWorse)
  if (!cores.pinned) console.log(`Not judged: ${cores.why}, so the figures do not compare with bench/ratchet.json.`)
  else if (!accepted.compares) console.log(`Not judged: ${accepted.why}.`)
  else if (worse.length === 0) console.log('No figure is more than 15 % worse than what was accepted.')
  else {
    for (const { load, name, ratio, before } of worse)
      console.error(
        `${LOADS[load].title}, ${name}: ${ratio.toFixed(2)} times the CPU of the bare pass-through; ${before.toFixed(2)} was accepted`,
      )
    console.error(`
A change has made calls dearer. What can be done:
- look where the time goes: npm run bench -- --flame, before and after the change
- measure again on a quiet machine: npm run bench -- --quick
- if it is worth it, say why in the commit and set the figure in bench/ratchet.json by hand`)
    return 1
  }
  return 0
}

function table(accepted, attempts) {
  const rows = judge(accepted, best(attempts)).map(({ load, name, ratio, before, own, bare }) => [
    LOADS[load].title,
    name,
    ratio.toFixed(2),
    before === undefined ? '' : before.toFixed(2),
    attempts.map(attempt => attempt.find(one => one.load === load && one.name === name).ratio.toFixed(2)).join(' '),
    spreadOf(own.map((micros, round) => micros / bare[round])),
    spreadOf(own, 0),
    spreadOf(bare, 0),
  ])
  const titles = ['load', 'who', 'x bare', 'accepted', 'each measurement', 'pairs', 'CPU µs', 'bare CPU µs']
  return aligned([titles, ...rows])
}

function spreadOf(values, digits = 2) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = part => quantile(sorted, part).toFixed(digits)
  return `${at(0.5)} (${at(0)}-${at(1)})`
}
