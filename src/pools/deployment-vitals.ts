import type { Ms } from '../core/clock.ts'
import type { Deployment, ErrorClass } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { Changes } from './changes.ts'
import { FailureCounts } from './failure-counts.ts'
import { MinuteUse } from './minute-use.ts'
import { MINUTE_MS } from './moment.ts'
import { OutputPace } from './output-pace.ts'
import type { ProbeResult } from './probe.ts'
import { isUsedUp, lacksPlace, lacksRequest } from './room.ts'
import { SampleRing } from './sample-ring.ts'
import type { SharedUse, Use } from './shared-use.ts'
import type { Siblings } from './siblings.ts'
import { SlidingCount } from './sliding-count.ts'
import type { Vitals } from './vitals.ts'

/** A failure counts as an answer that took this long, so that failing fast does not look like being fast. */
export const PENALTY_MS: Ms = 1_000_000
const PENALTY_TTL_MS: Ms = 60_000

/** Assumed before the first answer, in tokens per ms: large models write about 50 tokens a second. */
const USUAL_PACE = 0.05

export interface VitalsSettings {
  readonly maxLatencySamples: number
  readonly latencyTtlMs: Ms
  /** How long failed probes count among the failures. Default 60,000 ms. */
  readonly probeWindowMs?: Ms
  /** When the deployment declares no limit of its own. */
  readonly defaultMaxParallelRequests?: number
}

/** Whether there is room: none at all, or none in this replica's share. */
type Pressure = 'none' | 'shared' | 'full'

/** The vitals of one deployment, and what changes them. */
export class DeploymentVitals implements Vitals {
  deployment: Deployment
  siblings: Siblings
  maxInFlight: number
  restingUntil: Ms = 0
  restingBecause: Failure | undefined
  heldOutUntil: Ms = 0
  unwellUntil: Ms = 0
  unwellBecause: Failure | undefined
  /** What the latest probe has shown, whether or not it steers. */
  probe: ProbeResult | undefined
  /** What other replicas use of it, where there are others. */
  shared: SharedUse | undefined
  /** How fast it writes whole answers, from the call to the end. */
  readonly wholePace: OutputPace = new OutputPace(USUAL_PACE)
  /** How fast it thinks before the first content of a stream. Most models do not think, hence 0 at first. */
  readonly thinkingPace: OutputPace = new OutputPace(0)
  #limited: boolean
  readonly #ttlMs: Ms
  readonly #latency: SampleRing
  readonly #firstToken: SampleRing
  readonly #use = new MinuteUse()
  readonly #failures = new FailureCounts()
  readonly #failuresElsewhere = new FailureCounts()
  readonly #probeFailures: FailureCounts
  readonly #judged = new SlidingCount()
  #ownInFlight = 0
  #pressure: Pressure = 'none'

  constructor(deployment: Deployment, siblings: Siblings, settings: VitalsSettings) {
    this.deployment = deployment
    this.siblings = siblings
    this.maxInFlight = maxInFlightOf(deployment, settings)
    this.#limited = isLimited(deployment, this.maxInFlight)
    this.#ttlMs = settings.latencyTtlMs
    this.#latency = new SampleRing(settings.maxLatencySamples)
    this.#firstToken = new SampleRing(settings.maxLatencySamples)
    this.#probeFailures = new FailureCounts(settings.probeWindowMs)
  }

  /** Takes over a changed configuration. The new limits hold at once; latencies, failures and use are kept. */
  become(deployment: Deployment, siblings: Siblings, settings: VitalsSettings): void {
    this.deployment = deployment
    this.siblings = siblings
    this.maxInFlight = maxInFlightOf(deployment, settings)
    this.#limited = isLimited(deployment, this.maxInFlight)
    this.#pressure = 'none'
    siblings.version++
  }

  get changes(): Changes {
    return this.siblings.changes
  }

  get inFlight(): number {
    return this.shared ? this.#ownInFlight + this.shared.inFlight : this.#ownInFlight
  }

  p50(now: Ms): Ms | undefined {
    return this.#latency.p50(now) ?? this.shared?.p50(now, this.#ttlMs, 'p50')
  }

  firstTokenP50(now: Ms): Ms | undefined {
    return this.#firstToken.p50(now) ?? this.shared?.p50(now, this.#ttlMs, 'firstTokenP50')
  }

  requestsThisMinute(epoch: Ms): number {
    return this.#use.requests(epoch) + (this.shared?.of(epoch).requests ?? 0)
  }

  tokensThisMinute(epoch: Ms): number {
    return this.inputTokensThisMinute(epoch) + this.outputTokensThisMinute(epoch)
  }

  inputTokensThisMinute(epoch: Ms): number {
    return this.#use.inputTokens(epoch) + (this.shared?.of(epoch).inputTokens ?? 0)
  }

  outputTokensThisMinute(epoch: Ms): number {
    return this.#use.outputTokens(epoch) + (this.shared?.of(epoch).outputTokens ?? 0)
  }

  /** What this replica alone uses of it, without what others have reported. */
  ownUse(epoch: Ms): Use {
    return {
      inFlight: this.#ownInFlight,
      minute: Math.floor(epoch / MINUTE_MS),
      requests: this.#use.requests(epoch),
      inputTokens: this.#use.inputTokens(epoch),
      outputTokens: this.#use.outputTokens(epoch),
    }
  }

  /** Medians of this replica's own samples, for replicas that have none of their own. */
  ownLatency(now: Ms): Pick<Use, 'p50' | 'firstTokenP50'> {
    return { p50: this.#latency.p50(now), firstTokenP50: this.#firstToken.p50(now) }
  }

  /** Whether its health lets it take calls. Whether it suits a certain call is not judged here. */
  isAvailable(now: Ms): boolean {
    return !this.deployment.selection.blocked && this.restingUntil <= now && this.heldOutUntil <= now
  }

  /** An attempt begins. Returns the minute in which its tokens are reserved, for `leave`. */
  enter(epoch: Ms, inputTokens: number, outputTokens: number): number {
    this.#ownInFlight++
    const minute = this.#use.reserve(epoch, inputTokens, outputTokens)
    this.shared?.changed()
    this.noticePressure(epoch)
    return minute
  }

  /** An attempt ended: its place is free, and its reservation of `minute` is corrected by these differences. */
  leave(epoch: Ms, minute: number, difference: { readonly input: number; readonly output: number }): void {
    if (this.#ownInFlight > 0) this.#ownInFlight--
    this.#use.correct(minute, difference.input, difference.output)
    this.shared?.changed()
    this.noticePressure(epoch)
  }

  /** A duration was seen: the whole answer's, or the time to a stream's first content. */
  sample(ms: Ms, streamed: boolean, now: Ms): void {
    const ring = streamed ? this.#firstToken : this.#latency
    ring.add(ms, now + this.#ttlMs)
    this.changes.add(this)
  }

  /** Counts a failure as a very long duration. It expires within 60 s, so that one failure does not keep calls away for long. */
  penalise(streamed: boolean, now: Ms): void {
    const ring = streamed ? this.#firstToken : this.#latency
    ring.add(PENALTY_MS, now + Math.min(PENALTY_TTL_MS, this.#ttlMs))
    this.changes.add(this)
  }

  succeeded(now: Ms): void {
    this.#judged.add(now)
  }

  failed(errorClass: ErrorClass, now: Ms): void {
    this.#judged.add(now)
    this.#failures.add(errorClass, now)
  }

  /** It failed at another replica. Counted where the number of allowed failures decides on a rest. */
  failedElsewhere(errorClass: ErrorClass, now: Ms): void {
    this.#failuresElsewhere.add(errorClass, now)
  }

  /** A probe failed. Counted where the number of allowed failures decides on a rest. */
  failedProbe(errorClass: ErrorClass, now: Ms): void {
    this.#probeFailures.add(errorClass, now)
  }

  /** Failures of one class within 60 s, at all replicas, failed probes of this one included. */
  failuresOf(errorClass: ErrorClass, now: Ms): number {
    const own = this.#failures.of(errorClass, now) + this.#probeFailures.of(errorClass, now)
    return own + this.#failuresElsewhere.of(errorClass, now)
  }

  /** The same of every class that `counts` accepts. */
  failures(now: Ms, counts: (errorClass: ErrorClass) => boolean = everyClass): number {
    return this.ownFailures(now, counts) + this.#failuresElsewhere.total(now, counts)
  }

  /** Those of this replica among them: they compare with `judged`. */
  ownFailures(now: Ms, counts: (errorClass: ErrorClass) => boolean = everyClass): number {
    return this.#failures.total(now, counts) + this.#probeFailures.total(now, counts)
  }

  /** Attempts within 60 s that ended well or by the deployment's fault. */
  judged(now: Ms): number {
    return this.#judged.total(now)
  }

  /** Takes no calls until then (monotonic); an earlier end changes nothing. */
  rest(until: Ms, failure: Failure): void {
    if (until <= this.restingUntil) return
    this.restingUntil = until
    this.restingBecause = failure
    this.siblings.version++
  }

  /** The upstream asked us to stay away until then (monotonic). */
  holdOut(until: Ms): void {
    if (until <= this.heldOutUntil) return
    this.heldOutUntil = until
    this.siblings.version++
  }

  /** A probe failed: it is passed over until then (monotonic), while others of its pool are well. */
  unwell(until: Ms, failure: Failure): void {
    this.unwellUntil = until
    this.unwellBecause = failure
    this.siblings.version++
  }

  /** A probe was answered. */
  well(): void {
    if (this.unwellUntil === 0) return
    this.unwellUntil = 0
    this.unwellBecause = undefined
    this.siblings.version++
  }

  /** Ends a rest and a hold-out at once: an operator says that it is well. */
  wake(): void {
    this.restingUntil = 0
    this.heldOutUntil = 0
    this.unwellUntil = 0
    this.siblings.version++
    this.siblings.freed()
  }

  /** To be called when its use has changed, here or at another replica. */
  noticePressure(epoch: Ms): void {
    this.changes.add(this)
    if (!this.#limited) return
    const pressure = this.#pressureAt(epoch)
    // A replica's share also grows with time: the pool may have found room since the last notice, which is taken now.
    if (pressure === this.#pressure && pressure !== 'shared') return
    this.#pressure = pressure
    this.siblings.version++
  }

  #pressureAt(epoch: Ms): Pressure {
    if (this.inFlight >= this.maxInFlight || isUsedUp(this.deployment, this, epoch)) return 'full'
    if (this.shared && (lacksPlace(this, epoch) || lacksRequest(this.deployment, this, epoch))) return 'shared'
    return 'none'
  }
}

const everyClass = () => true

function maxInFlightOf({ selection }: Deployment, { defaultMaxParallelRequests }: VitalsSettings): number {
  return selection.maxParallelRequests ?? defaultMaxParallelRequests ?? Number.POSITIVE_INFINITY
}

function isLimited({ selection }: Deployment, maxInFlight: number): boolean {
  const { rpm, tpm, inputTpm, outputTpm } = selection
  return maxInFlight < Number.POSITIVE_INFINITY || (rpm ?? tpm ?? inputTpm ?? outputTpm) !== undefined
}
