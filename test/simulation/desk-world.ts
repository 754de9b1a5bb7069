import type { RateLimit } from '../../src/core/caller.ts'
import { LimitDesk } from '../../src/state/limit-desk.ts'
import type { MessagePort } from '../../src/state/limit-messages.ts'
import type { Admission, Granted, Limiter } from '../../src/state/limiter.ts'
import { sharedLimiter } from '../../src/state/shared-limiter.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'

const TIMEOUT_MS = 1_000

/** Both directions between a worker and its main process: in order, as JSON, and only when the world says so. */
class Line {
  readonly #random: () => number
  readonly #listeners = { main: (_: unknown) => {}, worker: (_: unknown) => {} }
  readonly #waiting = { main: [] as string[], worker: [] as string[] }

  constructor(random: () => number) {
    this.#random = random
  }

  end(side: 'main' | 'worker'): MessagePort {
    const other = side === 'main' ? 'worker' : 'main'
    return {
      send: message => void this.#waiting[other].push(JSON.stringify(message)),
      onMessage: listener => {
        this.#listeners[side] = listener
        return () => {
          this.#listeners[side] = () => {}
        }
      },
    }
  }

  /** Delivers a message, if there is one: to the main process unless that stands still. */
  deliver(isStalled: boolean): void {
    const side = !isStalled && this.#random() < 0.5 ? 'main' : 'worker'
    const text = this.#waiting[side].shift()
    if (text !== undefined) this.#listeners[side](JSON.parse(text))
  }
}

interface Worker {
  readonly id: number
  readonly line: Line
  readonly limiter: Limiter
  isAlive: boolean
}

interface Running {
  readonly worker: Worker
  readonly granted: Granted
}

/** Workers that count together in their main process, and chance: crashes, and a main process that stands still. */
export class DeskWorld {
  readonly clock = new FakeClock()
  readonly limits: readonly RateLimit[]
  readonly desk = new LimitDesk(this.clock)
  isStalled = false
  granted = 0
  refused = 0
  /** Requests that were let through, by limit. */
  readonly #requests = new Map<RateLimit, number>()
  readonly #random: () => number
  readonly #workers: Worker[] = []
  #running: Running[] = []
  #calls = 0
  #ids = 0

  constructor(random: () => number, limits: readonly RateLimit[]) {
    this.#random = random
    this.limits = limits
  }

  begin(): Worker {
    const line = new Line(this.#random)
    const id = ++this.#ids
    this.desk.connect(id, line.end('main'))
    const port = line.end('worker')
    const limiter = sharedLimiter({ port, clock: this.clock, random: this.#random, timeoutMs: TIMEOUT_MS })
    const worker = { id, line, limiter, isAlive: true }
    this.#workers.push(worker)
    return worker
  }

  get running(): number {
    return this.#running.length
  }

  underWay(limit: RateLimit): number {
    return this.#running.filter(({ granted }) => granted.ask.limits.includes(limit)).length
  }

  /** A call asks a worker; it is under way when it was let through. */
  async call(worker = this.#oneOf(this.#workers)): Promise<Admission | undefined> {
    if (!worker) return undefined
    const limits = this.limits.filter(() => this.#random() < 0.6)
    return this.admit(worker, limits)
  }

  async admit(worker: Worker, limits: readonly RateLimit[]): Promise<Admission> {
    const tokens = Math.floor(this.#random() * 400)
    const admission = await worker.limiter.admit({ id: `c${++this.#calls}`, limits, tokens })
    if (!admission.granted) this.refused++
    else if (worker.isAlive) {
      this.granted++
      this.#running.push({ worker, granted: admission })
      for (const limit of limits) this.#requests.set(limit, (this.#requests.get(limit) ?? 0) + 1)
    }
    return admission
  }

  /** A call ends, with no more tokens than it took. */
  settleOne(): void {
    const [one] = this.#running.splice(Math.floor(this.#random() * this.#running.length), 1)
    one?.worker.limiter.settle(one.granted, Math.floor(this.#random() * (one.granted.ask.tokens + 1)))
  }

  deliverOne(): void {
    this.#oneOf(this.#workers)?.line.deliver(this.isStalled)
  }

  /** A worker is gone with its calls; another one takes its place. */
  crash(): void {
    const worker = this.#oneOf(this.#workers)
    if (!worker) return
    worker.isAlive = false
    this.#workers.splice(this.#workers.indexOf(worker), 1)
    this.#running = this.#running.filter(one => one.worker !== worker)
    this.desk.gone(worker.id)
    this.begin()
  }

  /** @throws Error when more calls are under way, or more requests were let through, than a limit allows. */
  check(): void {
    for (const limit of this.limits) {
      const { parallel, rpm } = limit
      const calls = this.underWay(limit)
      if (parallel !== undefined && calls > parallel) throw new Error(`${calls} of ${parallel} calls at once`)
      const most = rpm === undefined ? Number.POSITIVE_INFINITY : rpm * (1 + this.clock.monotonic() / 60_000) + 1
      const requests = this.#requests.get(limit) ?? 0
      if (requests > most) throw new Error(`${requests} requests, where ${most} may be by now`)
    }
  }

  #oneOf<One>(all: readonly One[]): One | undefined {
    return all[Math.floor(this.#random() * all.length)]
  }
}
