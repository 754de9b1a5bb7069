// Drives contenders with loads, one at a time, and reads what they used for it.
import { LOADS } from '../loads.mjs'
import { median } from '../statistics.mjs'

/** A contender is done with a round when it has used less than this for two looks: lines, rows and spans are written. */
const QUIET_MICROS = 2_000
const LOOK_MS = 70
const MOST_LOOKS = 20
const ANSWER_MS = 30_000
const MOST_FAILURES = 3

export class Driver {
  #load
  /** Calls that a contender has had of a body. */
  #had = new Map()

  constructor(load) {
    this.#load = load
  }

  /** One job of the clients; what they saw. */
  run(contender, name, job) {
    const whole = { load: name, port: contender.port, ...contender.job(LOADS[name]), ...job }
    return this.#load.ask({ job: whole }, 'result', (job.durationMs ?? 60_000) + ANSWER_MS)
  }

  /** The same, with CPU time of the contender per request, in µs, and requests per second. */
  priced(contender, name, job) {
    return again(contender, async () => {
      if (!contender.process) return summary(await this.run(contender, name, job))
      const before = await contender.process.usage()
      const seen = await this.run(contender, name, job)
      // What is done after the answers belongs to them.
      const after = await settled(contender.process)
      const micros = after.cpuMicros - before.cpuMicros
      // Of the time in which it had something to do: the core was another's.
      const waited = (after.waitMicros ?? 0) - (before.waitMicros ?? 0)
      return { ...summary(seen), cpuMicros: micros / seen.requests, waitShare: waited / (micros + waited) }
    })
  }

  /** Until V8 has made of it what it will: so many calls, for so long at most; few for one that has had them before. */
  async warm(contender, name, { mostMs, calls = LOADS[name].warm }) {
    const what = `${contender.port} ${LOADS[name].body}`
    const had = this.#had.get(what) ?? 0
    const maxRequests = Math.round(Math.max(calls - had, calls / 20))
    const job = { connections: 10, durationMs: mostMs, maxRequests }
    const { requests } = await again(contender, () => this.run(contender, name, job))
    this.#had.set(what, had + requests)
    if (contender.process) await settled(contender.process)
  }

  /** Ends streams that a job holds open. */
  release() {
    return this.#load.ask({ job: { release: true } }, 'result', ANSWER_MS)
  }
}

/**
 * A round with a wrong answer in it counts for nothing and is made anew, a few times: on a machine that is too busy a
 * gateway may refuse calls because its store was not in time.
 */
async function again(contender, round) {
  for (let failures = 0; ; failures++) {
    try {
      return await round()
    } catch (error) {
      if (failures === MOST_FAILURES || !contender.process || contender.process.ended) throw error
      console.error(`        a round of ${contender.name} is made anew: ${error.message}`)
      await settled(contender.process)
    }
  }
}

const summary = ({ requests, seconds, ...seen }) => ({ ...seen, perSecond: requests / seconds })

/**
 * How much of the bare pass-through's time others took from its core: it has one thread, so it never waits for itself.
 * What is measured while that is much is worth little.
 */
export function takenByOthers(seen) {
  return median(seen.bare.map(({ waitShare }) => waitShare))
}

/** Waits until the process rests; what it has used until then. */
export async function settled(process) {
  let last = await process.usage()
  for (let look = 0, quiet = 0; look < MOST_LOOKS && quiet < 2; look++) {
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    const now = await process.usage()
    quiet = now.cpuMicros - last.cpuMicros < QUIET_MICROS ? quiet + 1 : 0
    last = now
  }
  return last
}

/**
 * Contenders take turns, so that a busy moment of the machine meets all of them; who begins goes round.
 *
 * @param one measures one contender once
 * @returns what was measured of each, by name, in the order of rounds
 */
export async function rounds(count, contenders, one) {
  const seen = Object.fromEntries(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < count; round++) {
    const first = round % contenders.length
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)])
      seen[contender.name].push(await one(contender))
  }
  return seen
}
