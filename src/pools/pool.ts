import type { Call } from '../core/call.ts'
import type { Clock, Ms } from '../core/clock.ts'
import type { Considered, Decision } from '../core/decision.ts'
import type { Deployment, Estimate } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { Affinity } from './affinity.ts'
import { Available } from './available.ts'
import type { DeploymentVitals } from './deployment-vitals.ts'
import { type Exclusion, type InputTokenBounds, Question } from './filters/filter.ts'
import { hindrance } from './filters/load.ts'
import { orderOf } from './filters/order.ts'
import { Sieve, type SieveOptions, type SieveSettings } from './filters/sieve.ts'
import { showMs } from './moment.ts'
import { openLine } from './pool-line.ts'
import { isPassing, nobodyBut, nobodyFailure, reasonsOf } from './shortage.ts'
import type { Candidate, Candidates, NamedStrategy } from './strategy.ts'
import type { WaitingLine } from './waiting-line.ts'

/**
 * What a call may cost at a deployment, by its price list and output limit alone: where they are the same, so is the estimate. What depends
 * on the call alone is to be kept: it runs for many candidates.
 */
export type EstimateCall = (
  deployment: Deployment,
  call: Call,
  /** Output tokens where the request does not limit them. Default: the estimator's own. */
  assumedOutputTokens?: number,
) => Estimate

/** A deployment in a pool, the same object for every call. */
export class PoolCandidate implements Candidate {
  readonly deployment: Deployment
  readonly vitals: DeploymentVitals
  score?: number
  note?: string
  readonly #estimate: EstimateCall

  constructor(vitals: DeploymentVitals, estimate: EstimateCall) {
    this.deployment = vitals.deployment
    this.vitals = vitals
    this.#estimate = estimate
  }

  estimate(call: Call, assumedOutputTokens?: number): Estimate {
    return this.#estimate(this.deployment, call, assumedOutputTokens)
  }
}

export interface PoolOptions extends SieveSettings {
  readonly strategy: NamedStrategy
  readonly clock: Clock
  readonly inputTokenBounds: InputTokenBounds
  readonly affinity?: Affinity
}

export interface ChooseOptions extends Partial<SieveOptions> {
  /**
   * Fill `decision.considered`: every deployment with its figures, or why it is out; with a number, the one chosen and so many
   * of the first. Default false.
   */
  readonly explain?: boolean | number
  /** Why the call came to this pool, for the decision. */
  readonly because?: string
}

/** A deployment that can take the call. */
export interface Chosen {
  readonly chosen: Candidate
  readonly decision: Decision
  readonly lastResort: false
}

/** All that could take the call are resting: this one recovers first. Whether to ask it all the same is the caller's choice. */
export interface LastResort {
  readonly chosen: Candidate
  readonly decision: Decision
  readonly lastResort: true
  /** Milliseconds until its rest is over. */
  readonly waitMs: Ms
  /** What to tell the client instead. */
  readonly failure: Failure
  readonly isShort: boolean
}

/** Nobody can take the call: too long for all, refused by tags, all full, all limits used, all tried. */
export interface Nobody {
  readonly failure: Failure
  /** Somebody could take it who is only full, or has used up the minute: waiting for a place can help. */
  readonly isShort: boolean
}

export type Choice = Chosen | LastResort | Nobody

const NOBODY_TRIED: ReadonlySet<string> = new Set()
const NOT_ASKED: readonly Considered[] = []
const NOBODY_OUT: ReadonlyMap<Candidate, Exclusion> = new Map()

/** The deployments that answer under one name, and the choice between them. */
export class Pool {
  readonly name: string
  /** In file order. */
  readonly candidates: readonly PoolCandidate[]
  readonly #options: PoolOptions
  readonly #sieve: Sieve
  readonly #available: Available
  #line: WaitingLine | undefined

  constructor(name: string, candidates: readonly PoolCandidate[], options: PoolOptions) {
    this.name = name
    this.candidates = candidates
    this.#options = options
    this.#sieve = new Sieve(
      candidates.map(({ deployment }) => deployment),
      options,
    )
    const siblings = new Set(candidates.map(({ vitals }) => vitals.siblings))
    this.#available = new Available(candidates, [...siblings], this.#sieve.byState)
  }

  /** The same deployments under another strategy. */
  with(options: Partial<PoolOptions>): Pool {
    return new Pool(this.name, this.candidates, { ...this.#options, ...options })
  }

  /** Whether further deployments stand behind those of this order. */
  hasOrderAfter(order: number): boolean {
    return this.candidates.some(({ deployment }) => orderOf(deployment) > order)
  }

  /** Where calls wait for a place; made when the first one does. */
  get line(): WaitingLine {
    this.#line ??= openLine({
      vitals: this.candidates.map(one => one.vitals),
      available: this.#available,
      clock: this.#options.clock,
    })
    return this.#line
  }

  /** Those that could take the call now, before the strategy. */
  eligible(call: Call, options: Partial<SieveOptions> = {}): readonly Candidate[] {
    const question = this.#question(call)
    return this.#sieve.sift(this.#available.at(question), question, complete(options))
  }

  /** Picks a deployment for a call. Synchronous: whoever begins the attempt in the same turn passes no limit. */
  choose(call: Call, options: ChooseOptions = {}): Choice {
    const question = this.#question(call)
    const sieveOptions = complete(options)
    const kept = this.#sieve.sift(this.#available.at(question), question, sieveOptions)
    return isSome(kept) ? this.#choose(kept, question, options) : this.#nobody(question, options)
  }

  #question(call: Call): Question {
    return new Question(call, this.#options.clock, this.#options.inputTokenBounds)
  }

  #choose(kept: Candidates, question: Question, options: ChooseOptions): Chosen {
    const { strategy, affinity } = this.#options
    const { call } = question
    const preference = affinity?.preferred(call, this.name)
    const pinned = preference && kept.find(({ deployment }) => deployment.id === preference.id)
    const chosen = pinned ?? strategy.pick(kept, call)
    const reason = pinned ? `answered its like before (${preference?.by})` : this.#reason(chosen, kept, call)
    const lost = preference && !pinned ? `; the one preferred by ${preference.by} is not available` : ''
    const decision = this.#decide(chosen, question, {
      reason: reason + lost,
      strategy: pinned && preference ? preference.by : strategy.name,
      kept,
      // Last: members behind a spread that comes first cost 1 µs each (Node 20), and this is on every call's way.
      ...options,
    })
    return { chosen, decision, lastResort: false }
  }

  #reason(chosen: Candidate, kept: Candidates, call: Call): string {
    if (this.candidates.length === 1) return 'the only deployment'
    if (kept.length === 1) return `the only one of ${this.candidates.length} that can take it`
    return this.#options.strategy.reason(chosen, kept, call)
  }

  #nobody(question: Question, options: ChooseOptions): LastResort | Nobody {
    const sieveOptions = complete(options)
    const resting = this.#sieve.butForRest(this.candidates, question, sieveOptions)
    const exclusions = this.#sieve.explainButForRest(this.candidates, question, sieveOptions)
    const reasons = reasonsOf(exclusions, one => hindrance(one, question, this.#options.enforcesLimits))
    const isShort = [...reasons].some(isPassing)
    if (!isSome(resting)) return { failure: nobodyFailure(reasons, question, this.name), isShort }
    const chosen = resting.reduce((soonest, one) => (recovery(one) < recovery(soonest) ? one : soonest))
    const waitMs = Math.max(0, recovery(chosen) - question.monotonic)
    const decision = this.#decide(chosen, question, {
      ...options,
      reason: `all ${resting.length} are resting; this one recovers first, in ${showMs(waitMs)}`,
      strategy: 'last-resort',
      kept: [chosen],
    })
    return { chosen, decision, lastResort: true, waitMs, failure: nobodyBut(chosen, waitMs, this.name), isShort }
  }

  #decide(chosen: Candidate, question: Question, about: DecisionParts): Decision {
    const { reason, strategy, because, explain } = about
    const considered = explain ? this.#considered(chosen, question, about) : NOT_ASKED
    const untold = explain ? this.candidates.length - considered.length : 0
    const decision = { pool: this.name, strategy, chosen: chosen.deployment, reason, considered, untold }
    return because === undefined ? decision : { ...decision, because }
  }

  #considered(chosen: Candidate, question: Question, about: DecisionParts): Considered[] {
    // The very list: what was kept as the last resort is out all the same.
    const kept: readonly Candidate[] = about.kept
    const isAll = kept === this.candidates
    const exclusions = isAll ? NOBODY_OUT : this.#sieve.explain(this.candidates, question, complete(about))
    this.#options.strategy.explain(about.kept, question.call)
    const first = about.explain === true ? this.candidates.length : Number(about.explain)
    const told = this.candidates.filter((one, place) => place < first || one === chosen)
    return told.map(one => consider(one, question.call, exclusions.get(one)))
  }
}

interface DecisionParts extends ChooseOptions {
  readonly reason: string
  readonly strategy: string
  readonly kept: Candidates
}

function complete({ exclude = NOBODY_TRIED, afterOrder }: Partial<SieveOptions>): SieveOptions {
  return { exclude, afterOrder }
}

function consider(candidate: Candidate, call: Call, exclusion: Exclusion | undefined): Considered {
  const { deployment, score, note } = candidate
  const estimate = candidate.estimate(call)
  if (exclusion) return { deployment, estimate, excluded: exclusion.text }
  return { deployment, estimate, ...(score !== undefined && { score }), ...(note !== undefined && { note }) }
}

function recovery({ vitals }: Candidate): Ms {
  return Math.max(vitals.restingUntil, vitals.heldOutUntil)
}

function isSome(candidates: readonly Candidate[]): candidates is Candidates {
  return candidates.length > 0
}
