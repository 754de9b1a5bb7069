// The measurements themselves. Contenders take turns, so that a busy moment of the machine meets both of them.
import { LOADS } from './answers.mjs'
import { median, spread } from './statistics.mjs'

export async function measureLoad(name, contenders, plan) {
  const { busy, warm } = LOADS[name]
  for (const who of ['bare', 'tollgate']) {
    await drive(contenders, who, { load: name, connections: busy, durationMs: plan.warmMs, maxRequests: warm })
  }
  const rounds = []
  for (let round = 0; round < plan.rounds; round++) rounds.push(await busyRound(name, contenders, { plan, round }))
  const calm = await calmRounds(name, contenders, plan)
  const of = (who, key) => spread(rounds.map(one => one[who][key]))
  return {
    load: name,
    title: LOADS[name].title,
    bare: { cpuMicros: of('bare', 'cpuMicros'), perSecond: of('bare', 'perSecond') },
    tollgate: { cpuMicros: of('tollgate', 'cpuMicros'), perSecond: of('tollgate', 'perSecond') },
    ratio: spread(rounds.map(one => one.tollgate.cpuMicros / one.bare.cpuMicros)),
    added: { bare: added(calm, 'bare', name), tollgate: added(calm, 'tollgate', name) },
    rssMegabytes: (await contenders.processes.tollgate.usage()).rssBytes / 1e6,
  }
}

/** Both under the same load, one after the other; who begins alternates. */
async function busyRound(name, contenders, { plan, round }) {
  const job = { load: name, connections: LOADS[name].busy, durationMs: plan.busyMs }
  const order = round % 2 === 0 ? ['bare', 'tollgate'] : ['tollgate', 'bare']
  const seen = {}
  for (const who of order) seen[who] = await priced(contenders, who, job)
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
