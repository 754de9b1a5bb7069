import type { Clock, Ms, Timer } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'

/** A worker process, as the main process deals with it. */
export interface WorkerProcess {
  readonly name: string
  /** Asks it to finish what it has begun, and to end. */
  stop(): void
  /** Ends it at once. */
  kill(): void
}

/** Starts a worker process. What becomes of it is told to the supervisor: `listening`, then `ended`. */
export type StartWorker = () => WorkerProcess

export interface SupervisorParts {
  /** Workers that are to be there. */
  readonly count: number
  readonly start: StartWorker
  readonly clock: Clock
  /** Told, in a line for people, what goes wrong. */
  readonly warn: (line: string) => void
}

/** A worker that ends sooner after it began to listen did not do well. */
const YOUNG_MS: Ms = 10_000
/** So many workers in a row that did not do well, in the place of one, and there is no hope. */
const MAX_YOUNG_DEATHS = 8
const FIRST_WAIT_MS: Ms = 100
const LONGEST_WAIT_MS: Ms = 5_000
/** How long workers may take to stop before they are ended: longer than the calls under way and the last writes have. */
const STOP_MS: Ms = 30_000

interface Place {
  worker: WorkerProcess | undefined
  /** Since when it listens, monotonic. */
  since: Ms | undefined
  deaths: number
  timer: Timer | undefined
}

/**
 * Keeps so many workers alive. The first one shows whether one can listen at all; the others come then. One that ends
 * unasked is replaced, the more slowly the more often that happens; when it happens at once again and again, all are
 * stopped.
 */
export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #places: Place[]
  readonly #ready: PromiseWithResolver<string>
  readonly #done: PromiseWithResolver<number>
  #url: string | undefined
  #isReady = false
  #stopping = false
  #exitCode = 0
  #killTimer: Timer | undefined

  constructor(parts: SupervisorParts) {
    this.#parts = parts
    this.#places = Array.from({ length: parts.count }, () => ({
      worker: undefined,
      since: undefined,
      deaths: 0,
      timer: undefined,
    }))
    this.#ready = withResolver()
    this.#done = withResolver()
  }

  /** The address, when all workers listen. @throws Failure when the first one cannot, or they are stopped before. */
  get ready(): Promise<string> {
    return this.#ready.promise
  }

  /** The exit code for the main process, when all workers have ended after `stop`, or because there is no hope. */
  get done(): Promise<number> {
    return this.#done.promise
  }

  /** Where they listen, once one does. */
  get url(): string | undefined {
    return this.#url
  }

  /** How many live. */
  get alive(): number {
    return this.#places.filter(place => place.worker).length
  }

  begin(): void {
    const [first] = this.#places
    if (first) this.#start(first)
  }

  /** A worker listens. */
  listening(name: string, url: string): void {
    const place = this.#placeOf(name)
    if (!place) return
    place.since = this.#parts.clock.monotonic()
    if (this.#url === undefined) {
      this.#url = url
      for (const other of this.#places.slice(1)) this.#start(other)
    }
    if (!this.#isReady && this.#places.every(one => one.since !== undefined)) {
      this.#isReady = true
      this.#ready.resolve(this.#url)
    }
  }

  /** A worker has ended: with this exit code, or by a signal. */
  ended(name: string, how: { readonly code: number | null; readonly signal: string | null }): void {
    const place = this.#placeOf(name)
    if (!place) return
    const { since } = place
    place.worker = undefined
    place.since = undefined
    if (this.#stopping) {
      if (how.code !== 0 && since !== undefined) this.#exitCode = 1
      this.#lookWhetherDone()
      return
    }
    const by = how.signal ? `by ${how.signal}` : `with exit code ${how.code}`
    if (this.#url === undefined) return this.#giveUp(`the first worker ended ${by} before it listened`)
    const age = since === undefined ? 0 : this.#parts.clock.monotonic() - since
    place.deaths = age < YOUNG_MS ? place.deaths + 1 : 1
    if (place.deaths >= MAX_YOUNG_DEATHS)
      return this.#giveUp(`${place.deaths} workers in a row ended soon after their start, the last one ${by}`)
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (place.deaths - 1), LONGEST_WAIT_MS)
    this.#parts.warn(`worker ${name} ended ${by}; another one is started in ${waitMs} ms`)
    place.timer = this.#parts.clock.after(waitMs, () => this.#start(place))
  }

  /** Has all workers finish what they have begun. */
  stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    for (const place of this.#places) {
      place.timer?.cancel()
      place.worker?.stop()
    }
    this.#killTimer = this.#parts.clock.after(STOP_MS, () => {
      this.#parts.warn(`${this.alive} workers have not stopped within ${STOP_MS} ms and are ended`)
      this.kill()
    })
    this.#lookWhetherDone()
  }

  /** Ends all workers at once. */
  kill(): void {
    for (const { worker } of this.#places) worker?.kill()
  }

  #start(place: Place): void {
    place.timer = undefined
    place.worker = this.#parts.start()
  }

  #placeOf(name: string): Place | undefined {
    return this.#places.find(place => place.worker?.name === name)
  }

  #giveUp(why: string): void {
    this.#exitCode = 1
    this.#parts.warn(`${why}: giving up`)
    this.stop()
  }

  #lookWhetherDone(): void {
    if (this.alive > 0) return
    this.#killTimer?.cancel()
    this.#ready.reject(new Failure('unavailable', 'the workers ended before all of them listened'))
    this.#done.resolve(this.#exitCode)
  }
}

interface PromiseWithResolver<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (failure: Failure) => void
}

function withResolver<T>(): PromiseWithResolver<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (failure: Failure) => void = () => {}
  const promise = new Promise<T>((onValue, onFailure) => {
    resolve = onValue
    reject = onFailure
  })
  // Whoever waits is told; nobody has to.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
