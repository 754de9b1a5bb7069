// Drives contenders with loads, one at a time, and reads what they used for it.
import { LOADS } from '../loads.mjs'

/** A contender is done with a round when it has used less than this for two looks: lines, rows and spans are written. */
const QUIET_MICROS = 2_000
const LOOK_MS = 70
const MOST_LOOKS = 20
const ANSWER_MS = 30_000

export class Driver {
  #load

  constructor(load) {
    this.#load = load
  }

  /** One job of the clients; what they saw. */
  run(contender, name, job) {
    const whole = { load: name, port: contender.port, ...contender.job(LOADS[name]), ...job }
    return this.#load.ask({ job: whole }, 'result', (job.durationMs ?? 60_000) + ANSWER_MS)
  }

  /** The same, with CPU time of the contender per request, in µs, and requests per second. */
  async priced(contender, name, job) {
    if (!contender.process) return summary(await this.run(contender, name, job))
    const before = await contender.process.usage()
    const seen = await this.run(contender, name, job)
    // What is done after the answers belongs to them.
    const after = await settled(contender.process)
    return { ...summary(seen), cpuMicros: (after.cpuMicros - before.cpuMicros) / seen.requests }
  }

  /** Until V8 has made of it what it will: so many calls, for so long at most. */
  async warm(contender, name, { mostMs, calls = LOADS[name].warm }) {
    await this.run(contender, name, { connections: 10, durationMs: mostMs, maxRequests: calls })
    if (contender.process) await settled(contender.process)
  }

  /** Ends streams that a job holds open. */
  release() {
    return this.#load.ask({ job: { release: true } }, 'result', ANSWER_MS)
  }
}

const summary = ({ requests, seconds, ...seen }) => ({ ...seen, perSecond: requests / seconds })

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
