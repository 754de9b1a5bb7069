// All figures of one load: of everyone that takes part in it.
import { LOADS } from '../loads.mjs'
import { median, spread } from '../statistics.mjs'
import { rounds, takenByOthers } from './driver.mjs'
import { heldUp } from './loop.mjs'

/** Clients at once in the primary figure. */
const BUSY = 10

/**
 * @param contenders whoever takes part; `bare` and `tollgate` among them, `direct` too unless the load is `busyOnly`
 * @returns a row for each
 */
export async function measureLoad(driver, name, { contenders, plan, say }) {
  const load = LOADS[name]
  say('warming up')
  for (const one of contenders) await driver.warm(one, name, { mostMs: plan.warmMs })
  const withProcess = contenders.filter(one => one.process)
  say(`${BUSY} clients, as fast as it goes`)
  const job = { connections: BUSY, durationMs: plan.busyMs }
  const busy = await rounds(plan.busyRounds, contenders, one => driver.priced(one, name, job))
  const rate = load.busyOnly ? undefined : fixedRate(load, busy)
  const steady = rate === undefined ? {} : await atFixedRate(driver, name, { contenders, plan, say, rate, busy })
  const crowds = await throughput(driver, name, { contenders, plan, say })
  const held = load.watchesLoop ? await heldUp(driver, name, { contenders: withProcess, plan, say }) : {}
  const rows = []
  for (const one of contenders) {
    const figures = { busy, steady, perSecond: { ...crowds[one.name], [BUSY]: of(busy[one.name], 'perSecond') } }
    const rss = one.process && (await one.process.usage()).rssBytes
    rows.push({ ...row(one.name, figures), heldUpMs: held[one.name], rssMegabytes: rss && rss / 1e6 })
  }
  return { load: name, title: load.title, perSecond: rate, takenByOthers: takenByOthers(busy), rows }
}

/** Half of what the gateway can do: nobody waits for a core, and all meet the same number of wake-ups. */
function fixedRate({ perSecond }, busy) {
  if (perSecond !== 'half') return perSecond
  const all = busy.tollgate ? [busy.tollgate] : Object.values(busy)
  return Math.max(1, Math.round(Math.min(...all.map(seen => of(seen, 'perSecond').median)) / 2))
}

/** At one rate for all; whoever cannot keep it up is left out. Streams are slow by themselves, so theirs is low. */
function atFixedRate(driver, name, { contenders, plan, say, rate, busy }) {
  const keepsUp = one => LOADS[name].streamed || of(busy[one.name], 'perSecond').median > rate * 1.2
  const fit = contenders.filter(keepsUp)
  say(`${rate} a second`)
  const job = { connections: BUSY, perSecond: rate, durationMs: plan.steadyMs }
  return rounds(plan.steadyRounds, fit, one => driver.priced(one, name, job))
}

/** Requests per second with other numbers of clients, by name and number. */
async function throughput(driver, name, { contenders, plan, say }) {
  const seen = Object.fromEntries(contenders.map(one => [one.name, {}]))
  for (const connections of LOADS[name].connections ?? []) {
    say(`${connections} at once`)
    const job = { connections, durationMs: plan.crowdMs }
    const found = await rounds(plan.crowdRounds, contenders, one =>
      driver.priced(one, name, job).catch(error => {
        // A crowd may be too much for one of them; the others are measured all the same.
        say(`${one.name} with ${connections} at once: ${error.message}`)
        return {}
      }),
    )
    for (const one of contenders) seen[one.name][connections] = of(found[one.name], 'perSecond')
  }
  return seen
}

function row(name, { busy, steady, perSecond }) {
  return {
    name,
    perSecond,
    busyMicros: of(busy[name], 'cpuMicros'),
    busyRatio: ratio(busy, name),
    steadyMicros: of(steady[name], 'cpuMicros'),
    steadyRatio: ratio(steady, name),
    added: beyondDirect(steady, name, 'total'),
    addedFirst: beyondDirect(steady, name, 'first'),
    addedGap: beyondDirect(steady, name, 'gap'),
  }
}

/** Of each round, since its two halves were measured one after the other. */
function ratio(seen, name) {
  const own = seen[name]
  if (own?.[0].cpuMicros === undefined || !seen.bare) return undefined
  return spread(own.map((one, round) => one.cpuMicros / seen.bare[round].cpuMicros))
}

/** Milliseconds beyond the upstream's own. */
function beyondDirect(seen, name, what) {
  if (name === 'direct' || !seen[name]?.[0][what] || !seen.direct) return undefined
  const at = part => median(seen[name].map((one, round) => one[what][part] - seen.direct[round][what][part]))
  return { p50: at('p50'), p99: at('p99') }
}

function of(list, key) {
  return spread((list ?? []).map(one => one[key]))
}
