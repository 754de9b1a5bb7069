// The measurements themselves. Contenders take turns, so that a busy moment of the machine meets both of them.
import { LOADS } from './answers.mjs'
import { median, spread } from './statistics.mjs'

export async function measureLoad(name, contenders, plan) {
  const { busy, warm } = LOADS[name]
  for (const who of ['bare', 'tollgate']) {
    await drive(contenders, who, { load: name, connections: busy, durationMs: plan.warmMs, maxRequests: warm })
  }
  const job = { load: name, connections: busy, durationMs: plan.busyMs }
  const busyRounds = await rounds(plan.busyRounds, contenders, job)
  const of = (list, who, key) => spread(list.map(one => one[who][key]))
  // Half of what the gateway can do: nobody waits for a core, and both meet the same number of wake-ups.
  const perSecond = Math.max(1, Math.round(of(busyRounds, 'tollgate', 'perSecond').median / 2))
  const steady = await rounds(plan.rounds, contenders, { ...job, perSecond, durationMs: plan.steadyMs })
  const calm = await calmRounds(name, contenders, plan)
  const about = who => ({
    cpuMicros: of(steady, who, 'cpuMicros'),
    busyCpuMicros: of(busyRounds, who, 'cpuMicros'),
    perSecond: of(busyRounds, who, 'perSecond'),
  })
  return {
    load: name,
    title: LOADS[name].title,
    steadyPerSecond: perSecond,
    bare: about('bare'),
    tollgate: about('tollgate'),
    ratio: spread(steady.map(one => one.tollgate.cpuMicros / one.bare.cpuMicros)),
    busyRatio: spread(busyRounds.map(one => one.tollgate.cpuMicros / one.bare.cpuMicros)),
    added: { bare: added(calm, 'bare', name), tollgate: added(calm, 'tollgate', name) },
    rssMegabytes: (await contenders.processes.tollgate.usage()).rssBytes / 1e6,
  }
}

/** Both under the same load, one after the other; who begins alternates. */
async function rounds(count, contenders, job) {
  const seen = []
  for (let round = 0; round < count; round++) {
    const order = round % 2 === 0 ? ['bare', 'tollgate'] : ['tollgate', 'bare']
    const one = {}
    for (const who of order) one[who] = await priced(contenders, who, job)
    seen.push(one)
  }
  return seen
}

/** CPU time of the contender per request, and requests per second. */
async function priced(contenders, who, job) {
  const process = contenders.processes[who]
  const before = await process.usage()
  const { requests, seconds } = await drive(contenders, who, job)
  // What is done after the answers (lines, spans) belongs to them.
  await new Promise(resolve => setTimeout(resolve, 100))
  const after = await process.usage()
  return { cpuMicros: (after.cpuMicros - before.cpuMicros) / requests, perSecond: requests / seconds }
}

/** One client that asks one thing after the other: of the upstream itself, and through each contender. */
async function calmRounds(name, contenders, plan) {
  const seen = { direct: [], bare: [], tollgate: [] }
  for (let round = 0; round < plan.calmRounds; round++) {
    for (const who of ['direct', 'bare', 'tollgate']) {
      seen[who].push(await drive(contenders, who, { load: name, connections: 1, durationMs: plan.calmMs }))
    }
  }
  return seen
}

/** Milliseconds beyond the upstream's own: to the end of a whole answer, to the first content of a stream. */
function added(calm, who, name) {
  const key = LOADS[name].streamed ? 'first' : 'total'
  const at = part => median(calm[who].map((one, round) => one[key][part] - calm.direct[round][key][part]))
  return { p50Ms: at('p50'), p99Ms: at('p99') }
}

function drive({ load, ports }, who, job) {
  return load.run({ port: ports[who], ...job })
}
