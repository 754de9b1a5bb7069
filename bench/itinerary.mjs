// What a run consists of: who is started, and what is measured of them in which order.
import { OTHERS } from './arguments.mjs'
import { direct, startBare } from './contenders/basics.mjs'
import { startCommand, startPortkey } from './contenders/peers.mjs'
import { startTollgate } from './contenders/tollgate.mjs'
import { inProcess } from './in-process.mjs'
import { LOADS, MEASURED } from './loads.mjs'
import { Driver } from './measure/driver.mjs'
import { measureLoad } from './measure/load.mjs'
import { soak, streams } from './measure/soak.mjs'
import { measureStartup } from './measure/startup.mjs'
import { measureWorkers } from './measure/workers.mjs'
import { fromBench } from './stage/stage.mjs'

/** Rounds, and how long each takes. */
const PLANS = {
  full: plan({ warmMs: 30_000, busyRounds: 5, roundMs: 1_000, steadyRounds: 5 }),
  brief: plan({ warmMs: 4_000, busyRounds: 2, roundMs: 400, steadyRounds: 2 }),
}

function plan({ warmMs, busyRounds, roundMs, steadyRounds }) {
  const busy = { warmMs, busyRounds, busyMs: roundMs, crowdRounds: 3, crowdMs: roundMs }
  return { ...busy, steadyRounds, steadyMs: roundMs * 1.5, loopRounds: steadyRounds }
}

/** Everything, or what the options ask for. What goes wrong with one measurement does not end the others. */
export async function measureRun(stage, { options, figures, say }) {
  const { brief, build } = options
  const asked = options.only ?? [...MEASURED, ...(options.contender ? [] : OTHERS)]
  const chosen = brief ? PLANS.brief : PLANS.full
  const { upstream, driver } = await startGround(stage)
  const attempt = attempts(stage, { figures, say })
  const loads = MEASURED.filter(name => asked.includes(name))
  const crew = loads.length > 0 ? await startCrew(stage, { upstream, options, loads }) : []
  for (const name of loads) {
    await attempt(LOADS[name].title, async speak => {
      const { contenders, leave } = await cast(stage, { name, crew, upstream, options })
      try {
        figures.loads[name] = await measureLoad(driver, name, { contenders, plan: chosen, say: speak })
      } finally {
        await leave()
      }
    })
  }
  for (const { process } of crew) if (process) await stage.end(process)
  const others = {
    startup: async () => {
      figures.startup = await measureStartup(stage, upstream, { ...build, ...(brief && { starts: 3 }) })
    },
    workers: async speak => {
      figures.workers = await measureWorkers(stage, driver, { upstream, build, plan: chosen, say: speak })
    },
    'in-process': async () => {
      figures.inProcess = await inProcess({ brief })
    },
  }
  for (const name of OTHERS) if (asked.includes(name)) await attempt(name, others[name])
}

/** Measures one thing; what went wrong stands among the faults. */
function attempts(stage, { figures, say }) {
  return async (what, measure) => {
    if (stage.stopping) return
    const speak = text => say(`${what}: ${text}`)
    try {
      speak('begins')
      await measure(speak)
    } catch (error) {
      figures.faults.push(`${what}: ${error.message}`)
      speak(error.message)
    }
  }
}

/** Memory over many calls, and of many streams: each takes its time, and a gateway of its own. */
export async function measureMemory(stage, { options, figures, say }) {
  const { upstream, driver } = await startGround(stage)
  const start = name => startTollgate(stage, upstream, { ...options.build, name, flags: ['--expose-gc'] })
  if (options.streams) {
    const contender = await start('tollgate')
    figures.streams = await streams(driver, contender, { count: options.streams, say })
    await stage.end(contender.process)
  }
  if (options.soak) figures.soak = await soak(driver, await start('tollgate'), { calls: options.soak, say })
}

/** The upstream and the clients. */
export async function startGround(stage) {
  const upstream = await stage.server('upstream.mjs', { core: 'others' })
  const load = stage.node(fromBench('load.mjs'), { name: 'clients', core: 'others' })
  // A job that came before its listener would be lost.
  await load.next('ready')
  return { upstream, driver: new Driver(load) }
}

/** Who takes part in several loads. */
async function startCrew(stage, { upstream, options, loads }) {
  const isIn = name => !options.contender || options.contender.includes(name)
  const wanted = who => loads.some(name => LOADS[name].who?.includes(who))
  const crew = [direct(upstream), await startBare(stage, upstream)]
  if (isIn('tollgate')) crew.push(await startTollgate(stage, upstream, options.build))
  if (isIn('plain') && wanted('plain'))
    crew.push(await startTollgate(stage, upstream, { ...options.build, name: 'plain', plain: true }))
  if (wanted('peers')) crew.push(...(await startPeers(stage, { upstream, options, isIn })))
  return crew
}

async function startPeers(stage, { upstream, options, isIn }) {
  const peers = []
  if (options.portkey && isIn('portkey')) peers.push(await startPortkey(stage, upstream))
  for (const peer of options.peers) peers.push(await startCommand(stage, upstream, peer))
  return peers.map(peer => ({ ...peer, isPeer: true }))
}

/** Who takes part in one load; `leave` ends those who came for it alone. */
async function cast(stage, { name, crew, upstream, options }) {
  const { who = [], sizes = [], busyOnly } = LOADS[name]
  const own = []
  for (const size of options.contender ? [] : sizes)
    own.push(await startTollgate(stage, upstream, { ...options.build, ...size }))
  const takesPart = one => {
    if (one.name === 'direct') return !busyOnly
    if (one.name === 'plain') return who.includes('plain')
    return !one.isPeer || who.includes('peers')
  }
  return {
    contenders: [...crew.filter(takesPart), ...own],
    leave: async () => {
      for (const { process } of own) await stage.end(process)
    },
  }
}
