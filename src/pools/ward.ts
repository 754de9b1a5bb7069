import type { End } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { Clock, Ms } from '../core/clock.ts'
import type { Deployment, Estimate } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { RoutingSettings } from '../core/settings.ts'
import { believesRest, holdOutMs, orderedRestMs, restMs } from './cooldown.ts'
import { DeploymentVitals, type VitalsSettings } from './deployment-vitals.ts'
import { errorClassOf } from './error-class.ts'
import { isIgnored, isSteered, NO_PROBES, probeResult, probeWindowMs } from './probe.ts'
import { own } from './records.ts'
import { Siblings } from './siblings.ts'

/** What of the routing settings the vitals depend on. */
export type WardSettings = Pick<
  RoutingSettings,
  'strategy' | 'poolStrategies' | 'cooldown' | 'probes' | 'defaultMaxParallelRequests'
>

/** An attempt in flight, from `begin` to `end`. */
export interface Ticket {
  readonly attempt: Attempt
  readonly vitals: DeploymentVitals
  readonly minute: number
  readonly inputTokens: number
  readonly outputTokens: number
  open: boolean
}

/** The tokens an attempt is expected to take, held against the minute's limits until its usage is known. */
export type Reservation = Pick<Estimate, 'inputTokens' | 'outputTokens'>

const NO_TOKENS: Reservation = { inputTokens: 0, outputTokens: 0 }

/** Tells other replicas about the deployments here. Its methods run within calls: they must be quick and never throw. */
export interface WardListener {
  /** A deployment has vitals from now on. */
  admitted(vitals: DeploymentVitals): void
  /** It failed. `lengthMs` is how long it rests once it has failed more often than the operator allows. */
  failed(vitals: DeploymentVitals, lengthMs: Ms, failure: Failure): void
  /** It rests from now on, as this replica has decided. */
  rested(vitals: DeploymentVitals, lengthMs: Ms, failure: Failure): void
  /** The upstream asks to stay away. */
  heldOut(vitals: DeploymentVitals, lengthMs: Ms): void
}

/** How long a deployment is passed over after its budget, or its provider's, had not enough left. */
const OVER_BUDGET_MS: Ms = 1_000

/** The vitals of every deployment, by id, kept by the attempts that pass. Everything here is O(1) and synchronous. */
export class Ward {
  readonly #settings: WardSettings
  readonly #clock: Clock
  readonly #vitals = new Map<string, DeploymentVitals>()
  readonly #siblings = new Map<string, Siblings>()
  #listener: WardListener | undefined

  constructor(settings: WardSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /**
   * Takes over what another ward knows of these deployments, by their ids. Both share the vitals, so that attempts
   * which began under the other one still count here. Deployments made from wildcards start without a history.
   */
  inherit(before: Ward, deployments: readonly Deployment[]): void {
    const known = deployments.flatMap(deployment => {
      const vitals = before.#vitals.get(deployment.id)
      return vitals ? [{ deployment, vitals, stays: vitals.deployment.pool === deployment.pool }] : []
    })
    // First those that stay in their pool: calls may wait there, and are told by these siblings of a place.
    for (const { vitals, stays } of known) if (stays) this.#siblings.set(vitals.deployment.pool, vitals.siblings)
    for (const { vitals } of known) vitals.siblings.members.delete(vitals)
    for (const siblings of this.#siblings.values()) siblings.members.clear()
    for (const { deployment, vitals } of known) {
      vitals.become(deployment, this.#siblingsOf(deployment), this.#vitalsSettings(deployment))
      this.#add(vitals)
    }
  }

  /** The vitals of a deployment, made when it is first asked for. */
  of(deployment: Deployment): DeploymentVitals {
    return this.#vitals.get(deployment.id) ?? this.#admit(deployment)
  }

  /** The vitals of a known deployment. */
  find(id: string): DeploymentVitals | undefined {
    return this.#vitals.get(id)
  }

  /** Every deployment that has vitals. */
  all(): Iterable<DeploymentVitals> {
    return this.#vitals.values()
  }

  /** Sets the listener, and tells it of all deployments so far. There is one at most; undefined removes it. */
  attend(listener: WardListener | undefined): void {
    this.#listener = listener
    for (const vitals of this.#vitals.values()) listener?.admitted(vitals)
  }

  /** Drops the vitals of a deployment that nobody will choose again. False, and kept, while it is in use or rests. */
  forget(id: string): boolean {
    const vitals = this.#vitals.get(id)
    if (!vitals || vitals.inFlight > 0 || !vitals.isAvailable(this.#clock.monotonic())) return false
    this.#vitals.delete(id)
    vitals.siblings.members.delete(vitals)
    if (vitals.siblings.members.size === 0) this.#siblings.delete(vitals.deployment.pool)
    return true
  }

  /** An attempt starts: it is in flight, and its tokens are taken from the minute's. */
  begin(attempt: Attempt, reserved: Reservation = NO_TOKENS): Ticket {
    const vitals = this.of(attempt.deployment)
    const { inputTokens, outputTokens } = reserved
    const minute = vitals.enter(this.#clock.now(), inputTokens, outputTokens)
    return { attempt, vitals, minute, inputTokens, outputTokens, open: true }
  }

  /** The first content of a stream came `ms` after the attempt's start. */
  first({ attempt, vitals }: Ticket, ms: Ms): void {
    if (attempt.request.streamed) vitals.sample(ms, true, this.#clock.monotonic())
  }

  /** The attempt is over; told twice, it counts once. */
  end(ticket: Ticket, end: End): void {
    if (!ticket.open) return
    ticket.open = false
    const { attempt, vitals } = ticket
    const now = this.#clock.monotonic()
    vitals.leave(this.#clock.now(), ticket.minute, differenceOf(ticket, end))
    if (attempt.purpose === 'probe') this.#probed(ticket, end, now)
    else if (end.outcome === 'complete') {
      vitals.succeeded(now)
      if (!attempt.request.streamed) vitals.sample(now - attempt.attempt.start, false, now)
    } else if (end.outcome === 'failed' && end.failure && isItsFault(attempt, end.failure)) {
      this.#fail(ticket, end.failure, now)
    } else if (end.failure?.kind === 'deployment_over_budget') {
      vitals.rest(now + OVER_BUDGET_MS, end.failure)
    }
    // Last, because only now it is known whether it rests.
    vitals.siblings.freed()
  }

  /** Lets a deployment rest because another replica has decided so; nobody else is told. Unknown ones are passed over. */
  restElsewhere(id: string, lengthMs: Ms, failure: Failure): void {
    const vitals = this.#vitals.get(id)
    const now = this.#clock.monotonic()
    if (vitals && believesRest(this.#settings.cooldown, vitals, { failure, now })) vitals.rest(now + lengthMs, failure)
  }

  /** The same for what an upstream has asked another replica. */
  holdOutElsewhere(id: string, lengthMs: Ms): void {
    if (!this.#settings.cooldown.disabled) this.#vitals.get(id)?.holdOut(this.#clock.monotonic() + lengthMs)
  }

  /** Counts a failure at another replica. A rest that follows is told to nobody, since every replica counts the same failures. */
  failElsewhere(id: string, lengthMs: Ms, failure: Failure): void {
    const vitals = this.#vitals.get(id)
    const errorClass = errorClassOf(failure)
    if (!vitals || !errorClass || orderedRestMs(this.#settings.cooldown, vitals.deployment, failure) <= 0) return
    const now = this.#clock.monotonic()
    vitals.failedElsewhere(errorClass, now)
    if (restMs(this.#settings.cooldown, vitals, { failure, now }) > 0) vitals.rest(now + lengthMs, failure)
  }

  /** A probe gives no latency sample: it only shows whether the deployment is well. */
  #probed({ attempt, vitals }: Ticket, end: End, now: Ms): void {
    const { cooldown, probes = NO_PROBES } = this.#settings
    const when = { at: now, epoch: this.#clock.now(), tookMs: now - attempt.attempt.start }
    const result = probeResult(end, when)
    vitals.probe = result ?? vitals.probe
    if (!result || !isSteered(attempt.deployment, probes)) return
    const { failure } = result
    if (!failure) return vitals.well()
    if (isIgnored(failure, probes)) return
    if (!cooldown.policy) return vitals.unwell(now + probes.staleMs, failure)
    const errorClass = errorClassOf(failure)
    if (errorClass) vitals.failedProbe(errorClass, now)
    this.#restAfter({ attempt, vitals }, failure, now)
  }

  #fail({ attempt, vitals }: Ticket, failure: Failure, now: Ms): void {
    const errorClass = errorClassOf(failure)
    if (errorClass) vitals.failed(errorClass, now)
    if (failure.kind !== 'rate_limited') vitals.penalise(attempt.request.streamed, now)
    const ordered = this.#listener ? orderedRestMs(this.#settings.cooldown, vitals.deployment, failure) : 0
    if (ordered > 0) this.#listener?.failed(vitals, ordered, failure)
    const holdOut = holdOutMs(this.#settings.cooldown, vitals.deployment, failure)
    if (holdOut > 0) {
      vitals.holdOut(now + holdOut)
      this.#listener?.heldOut(vitals, holdOut)
    }
    this.#restAfter({ attempt, vitals }, failure, now)
  }

  #restAfter({ attempt, vitals }: Pick<Ticket, 'attempt' | 'vitals'>, failure: Failure, now: Ms): void {
    const length = restMs(this.#settings.cooldown, vitals, { failure, now })
    if (length <= 0) return
    vitals.rest(now + length, failure)
    this.#listener?.rested(vitals, length, failure)
    const untilMs = this.#clock.now() + length
    attempt.emit({ type: 'rest', deployment: vitals.deployment, untilMs, failure })
  }

  #admit(deployment: Deployment): DeploymentVitals {
    const vitals = new DeploymentVitals(deployment, this.#siblingsOf(deployment), this.#vitalsSettings(deployment))
    this.#add(vitals)
    return vitals
  }

  #add(vitals: DeploymentVitals): void {
    vitals.siblings.members.add(vitals)
    this.#vitals.set(vitals.deployment.id, vitals)
    this.#listener?.admitted(vitals)
  }

  #siblingsOf({ pool }: Deployment): Siblings {
    const siblings = this.#siblings.get(pool) ?? new Siblings()
    this.#siblings.set(pool, siblings)
    return siblings
  }

  #vitalsSettings({ pool }: Deployment): VitalsSettings {
    const { poolStrategies, strategy, defaultMaxParallelRequests } = this.#settings
    const { maxLatencySamples, latencyTtlMs } = own(poolStrategies, pool) ?? strategy
    return {
      maxLatencySamples,
      latencyTtlMs,
      probeWindowMs: probeWindowMs(this.#settings.probes ?? NO_PROBES),
      ...(defaultMaxParallelRequests !== undefined && { defaultMaxParallelRequests }),
    }
  }
}

/** A timeout that the caller shortened says nothing about the deployment. */
function isItsFault({ options }: Attempt, failure: Failure): boolean {
  if (!failure.verdict.blames) return false
  return failure.kind !== 'timed_out' || (options.timeoutMs === undefined && options.firstTokenMs === undefined)
}

const NO_DIFFERENCE = { input: 0, output: 0 }

/** What to add to the reservation: up to the usage, or all of it back when the provider cannot have counted anything. */
function differenceOf({ attempt, inputTokens, outputTokens }: Ticket, end: End): { input: number; output: number } {
  const usage = attempt.attempt.usage ?? end.usage
  if (usage) return { input: usage.inputTokens - inputTokens, output: usage.outputTokens - outputTokens }
  const failure = end.outcome === 'failed' ? end.failure : undefined
  if (failure && !failure.verdict.charges) return { input: -inputTokens, output: -outputTokens }
  return NO_DIFFERENCE
}
