import type { Clock, Ms, Timer } from '../core/clock.ts'
import { Failure, isFailureKind } from '../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import type { Exchange, ExchangeListener } from '../state/exchange.ts'
import type { DeploymentVitals } from './deployment-vitals.ts'
import { HEARD_MS, type Replicas, SharedUse, type Use } from './shared-use.ts'
import type { Ward, WardListener } from './ward.ts'

// What replicas tell each other of deployments, by their ids. Durations are what is left of them: clocks differ.
//   {type: rest, id, ms, kind, text, status}  a deployment rests, for this failure
//   {type: fail, id, ms, kind, text, status}  it failed, and rests for so long if that was one too many
//   {type: hold, id, ms}                 the upstream has asked to stay away
//   {type: use, of: {id: [in flight, minute, requests, input tokens, output tokens, p50, p50 of first tokens]}}

/** Deployments in one message at most: about 30 kB. */
const MAX_IN_MESSAGE = 500
/** Replicas take turns of this length at the last places. */
const TURN_MS: Ms = 300
/** No rest that is told lasts longer. */
const MAX_REST_MS: Ms = 86_400_000
const MAX_TEXT = 300

/** Keeps the vitals of a ward and those of other replicas in step. Gives back what ends it. */
export function shareVitals(ward: Ward, parts: { readonly exchange: Exchange; readonly clock: Clock }): () => void {
  const shared = new SharedVitals(ward, parts)
  ward.attend(shared)
  const off = parts.exchange.subscribe(shared)
  return () => {
    off()
    ward.attend(undefined)
    shared.stop()
  }
}

class SharedVitals implements WardListener, ExchangeListener, Replicas {
  readonly clock: Clock
  readonly #ward: Ward
  readonly #exchange: Exchange
  /** Whose use the others do not know yet, by what knows it. */
  readonly #untold = new Set<SharedUse>()
  readonly #ids = new WeakMap<SharedUse, DeploymentVitals>()
  #timer: Timer | undefined
  #toldAt: Ms = Number.NEGATIVE_INFINITY

  constructor(ward: Ward, { exchange, clock }: { readonly exchange: Exchange; readonly clock: Clock }) {
    this.#ward = ward
    this.#exchange = exchange
    this.clock = clock
  }

  stop(): void {
    this.#timer?.cancel()
    for (const vitals of this.#ward.all()) vitals.shared = undefined
  }

  // What happens here.

  admitted(vitals: DeploymentVitals): void {
    if (vitals.shared) return
    vitals.shared = new SharedUse(epoch => vitals.ownUse(epoch), this)
    this.#ids.set(vitals.shared, vitals)
  }

  /** Told one by one and at once, for they are few: after one too many it rests. What is lost is missing in the count. */
  failed({ deployment }: DeploymentVitals, ms: Ms, failure: Failure): void {
    this.#exchange.publish({ type: 'fail', id: deployment.id, ms, ...told(failure) })
  }

  rested({ deployment }: DeploymentVitals, ms: Ms, failure: Failure): void {
    this.#exchange.publish({ type: 'rest', id: deployment.id, ms, ...told(failure) })
  }

  heldOut({ deployment }: DeploymentVitals, ms: Ms): void {
    this.#exchange.publish({ type: 'hold', id: deployment.id, ms })
  }

  members(): number {
    return this.#exchange.members()
  }

  isApart(): boolean {
    return this.#exchange.isApart()
  }

  /** One after the other by the wall clock; the first part of each turn is left for the last one's word to arrive. */
  hasTurn(): boolean {
    const epoch = this.clock.now()
    const turn = Math.floor(epoch / TURN_MS)
    return turn % this.#exchange.members() === this.#exchange.rank() && epoch - turn * TURN_MS >= HEARD_MS
  }

  /** The first change after a pause is told in the next turn of the loop, further ones together. */
  changed(use: SharedUse): void {
    this.#untold.add(use)
    if (this.#timer) return
    const delay = Math.max(0, this.#toldAt + HEARD_MS - this.clock.monotonic())
    this.#timer = this.clock.after(delay, () => this.#tell())
    this.#timer.unref?.()
  }

  #tell(): void {
    this.#timer = undefined
    const now = this.clock.monotonic()
    const epoch = this.clock.now()
    this.#toldAt = now
    let of: Record<string, Json> = {}
    let count = 0
    const send = () => {
      if (count > 0) this.#exchange.publish({ type: 'use', of })
      of = {}
      count = 0
    }
    for (const use of this.#untold) {
      const vitals = this.#ids.get(use)
      if (!vitals) continue
      of[vitals.deployment.id] = encode({ ...use.tell(epoch), ...vitals.ownLatency(now) })
      if (++count === MAX_IN_MESSAGE) send()
    }
    this.#untold.clear()
    send()
  }

  // What happens elsewhere.

  heard(message: JsonObject, from: string): void {
    const { type, id, ms, of } = message
    if (type === 'use' && isObject(of)) this.#hear(of, from)
    if (typeof id !== 'string' || typeof ms !== 'number' || !(ms > 0)) return
    const length = Math.min(ms, MAX_REST_MS)
    if (type === 'hold') this.#ward.holdOutElsewhere(id, length)
    const failure = failureOf(message)
    if (type === 'rest' && failure) this.#ward.restElsewhere(id, length, failure)
    if (type === 'fail' && failure) this.#ward.failElsewhere(id, length, failure)
  }

  gone(replica: string): void {
    const epoch = this.clock.now()
    for (const vitals of this.#ward.all()) {
      vitals.shared?.gone(replica, epoch)
      this.#noticed(vitals, epoch)
      // What was not heard by all before may be now.
      this.#tellAgain(vitals)
    }
  }

  /** Tells all that still holds. What was heard of others is told as well: they may be gone, and their rests are not. */
  missed(): void {
    const now = this.clock.monotonic()
    for (const vitals of this.#ward.all()) {
      const { restingUntil, restingBecause, heldOutUntil } = vitals
      if (restingUntil > now && restingBecause) this.rested(vitals, restingUntil - now, restingBecause)
      if (heldOutUntil > now) this.heldOut(vitals, heldOutUntil - now)
      this.#tellAgain(vitals)
    }
  }

  #tellAgain(vitals: DeploymentVitals): void {
    const { inFlight, requests } = vitals.ownUse(this.clock.now())
    if (inFlight > 0 || requests > 0) vitals.shared?.changed()
  }

  #hear(of: JsonObject, from: string): void {
    const epoch = this.clock.now()
    for (const [id, entry] of Object.entries(of)) {
      const vitals = this.#ward.find(id)
      const use = decode(entry)
      if (!vitals?.shared || !use) continue
      vitals.shared.hear(from, use, epoch)
      this.#noticed(vitals, epoch)
    }
  }

  #noticed(vitals: DeploymentVitals, epoch: Ms): void {
    vitals.noticePressure(epoch)
    vitals.siblings.freed()
  }
}

function told({ kind, message, upstreamStatus }: Failure): JsonObject {
  return { kind, text: message.slice(0, MAX_TEXT), ...(upstreamStatus !== undefined && { status: upstreamStatus }) }
}

function failureOf({ kind, text, status }: JsonObject): Failure | undefined {
  if (!isFailureKind(kind)) return undefined
  const message = typeof text === 'string' ? text : `another replica met ${kind}`
  return new Failure(kind, message, typeof status === 'number' ? { upstreamStatus: status } : {})
}

function encode({ inFlight, minute, requests, inputTokens, outputTokens, p50, firstTokenP50 }: Use): Json {
  const latency = p50 === undefined && firstTokenP50 === undefined ? [] : [p50 ?? null, firstTokenP50 ?? null]
  return [inFlight, minute, requests, inputTokens, outputTokens, ...latency]
}

function decode(entry: Json | undefined): Use | undefined {
  if (!Array.isArray(entry)) return undefined
  const numbers = entry.map(one =>
    typeof one === 'number' && one >= 0 && one < Number.MAX_SAFE_INTEGER ? one : undefined,
  )
  const [inFlight, minute, requests, inputTokens, outputTokens, p50, firstTokenP50] = numbers
  if (inFlight === undefined || minute === undefined || requests === undefined) return undefined
  if (inputTokens === undefined || outputTokens === undefined) return undefined
  return { inFlight, minute, requests, inputTokens, outputTokens, p50, firstTokenP50 }
}
