import type { Call, Fallback } from '../core/call.ts'
import type { Clock, Ms, Random } from '../core/clock.ts'
import type { Decision } from '../core/decision.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'
import type { FallbackSettings, RetrySettings } from '../core/settings.ts'
import type { Choice, Chosen, LastResort, Pool } from '../pools/pool.ts'
import { backoff } from './backoff.ts'
import { fallbacksFor } from './fallbacks.ts'
import { isRetryableHere, retriesFor } from './retries.ts'

/** Where to go next, and how long to wait before going. */
export interface Step {
  readonly pool: string
  readonly deployment: Deployment
  readonly decision: Decision
  readonly waitMs: Ms
  /** What to ask there: the call's request, or with the parts that a fallback replaces. */
  readonly request: Request
}

/**
 * The course of a call through deployments and pools. It yields the next step and is told why the last one failed; when
 * there is nowhere left to go, it gives back the failure that the caller is told.
 */
export type Plan = Generator<Step, Failure, Failure>

export interface PlanOptions {
  /** The pool of a name, or why there is none for this call. */
  readonly poolFor: (name: string, call: Call) => Pool | Failure
  readonly retries: RetrySettings
  readonly fallbacks: FallbackSettings
  /** Whether decisions shall hold all that was considered. */
  readonly explains: boolean
  readonly clock: Clock
  readonly random: Random
}

/** No wait before a fallback is longer: beyond it, going elsewhere is the better answer. */
const PATIENCE_WITH_FALLBACK_MS: Ms = 8_000

/** Plans a call: a pool's deployments with retries, its further orders, then its fallbacks with theirs. */
export const planCall =
  (options: PlanOptions) =>
  (call: Call): Plan =>
    new Course(call, options).run()

/** Why a pool did not answer; `resting` is the deployment that could still be asked as a last resort. */
interface Setback {
  readonly failure: Failure
  resting?: Step | undefined
}

/** One call's way, with what must not be done twice on it. */
class Course {
  readonly #call: Call
  readonly #options: PlanOptions
  readonly #visited = new Set<string>()
  #attempts = 0
  #hops = 0

  constructor(call: Call, options: PlanOptions) {
    this.#call = call
    this.#options = options
  }

  *run(): Plan {
    const first: Fallback = { pool: this.#call.pool }
    const setback = yield* this.#visit(first, this.#call.because)
    // Everybody rests: asking the one that recovers first beats refusing.
    if (setback.resting && this.#attempts === 0) {
      this.#attempts++
      return yield setback.resting
    }
    return setback.failure
  }

  /** Tries a pool, then the pools that stand in for it. The first pool's failure is the one that counts. */
  *#visit(target: Fallback, because?: string): Generator<Step, Setback, Failure> {
    this.#visited.add(target.pool)
    const setback = yield* this.#tryPool(target, because)
    for (const fallback of fallbacksFor(this.#call, target.pool, {
      failure: setback.failure,
      settings: this.#options.fallbacks,
    })) {
      if (!this.#mayHopTo(fallback.pool)) continue
      this.#hops++
      if (this.#call.purpose !== 'classify') this.#call.record.fallbacks++
      const next = yield* this.#visit(fallback, `${target.pool} failed: ${setback.failure.kind}`)
      if (!this.#mayGoOn()) break
      setback.resting ??= next.resting
    }
    return setback
  }

  *#tryPool(target: Fallback, because: string | undefined): Generator<Step, Setback, Failure> {
    const pool = this.#options.poolFor(target.pool, this.#call)
    if (pool instanceof Failure) return { failure: pool }
    const mocked = this.#attempts + this.#hops === 0 ? mockedFailure(this.#call) : undefined
    if (mocked) return { failure: mocked }
    const call = target.replace ? { ...this.#call, request: replaced(this.#call.request, target.replace) } : this.#call
    const round = new PoolRound(pool, call, { because, options: this.#options })
    let failure: Failure | undefined
    for (;;) {
      const step = this.#mayGoOn() ? round.next(failure) : undefined
      if (!step) return { failure: failure ?? outOfTime(call) }
      if (step instanceof Failure) return { failure: failure ?? step, resting: round.resting }
      this.#attempts++
      failure = yield step
    }
  }

  #mayHopTo(pool: string): boolean {
    const max = this.#call.options.maxFallbacks ?? this.#options.fallbacks.max
    return !this.#visited.has(pool) && this.#hops < max && this.#mayGoOn()
  }

  #mayGoOn(): boolean {
    return this.#attempts < this.#options.retries.maxAttempts && this.#options.clock.monotonic() < this.#call.deadline
  }
}

/** The attempts within one pool. */
class PoolRound {
  resting: Step | undefined
  readonly #pool: Pool
  readonly #call: Call
  readonly #because: string | undefined
  readonly #options: PlanOptions
  readonly #tried = new Set<string>()
  /** Every repetition of deployments that were tried already. */
  #repetition = 0
  /** Attempts made at the present order. */
  #made = 0
  #last: Deployment | undefined
  #afterOrder: number | undefined

  constructor(pool: Pool, call: Call, { because, options }: { because: string | undefined; options: PlanOptions }) {
    this.#pool = pool
    this.#call = call
    this.#because = because
    this.#options = options
  }

  /** The next step; a failure when no deployment can take the call; undefined when the pool has had its tries. */
  next(failure: Failure | undefined): Step | Failure | undefined {
    if (failure && this.#last && !this.#mayRetry(failure, this.#last)) return this.#nextOrder(failure)
    const fresh = this.#choose()
    if (isChosen(fresh)) return this.#step(fresh, 0)
    if (!failure || !this.#last) return this.#nobody(fresh)
    return this.#repeat(failure)
  }

  #mayRetry(failure: Failure, deployment: Deployment): boolean {
    const allowed = retriesFor(failure, {
      call: this.#call,
      deployment,
      pool: this.#pool.name,
      settings: this.#options.retries,
    })
    return this.#made <= allowed
  }

  /** The failed deployments are used up: the next order of the pool, or (with weighted failover) whoever is left. */
  #nextOrder(failure: Failure): Step | undefined {
    if (!failure.verdict.again || failure.kind === 'context_too_long' || failure.kind === 'content_refused')
      return undefined
    const order = this.#last?.selection.order
    const choice = order !== undefined && this.#pool.hasOrderAfter(order) ? this.#choose(order) : undefined
    if (choice && isChosen(choice)) {
      this.#afterOrder = order
      this.#made = 0
      this.#repetition = 0
      return this.#step(choice, 0)
    }
    if (!this.#options.retries.weightedFailover) return undefined
    const left = this.#choose()
    return isChosen(left) ? this.#step(left, 0) : undefined
  }

  /** Everybody was tried: the same ones again after a wait, where that can help and fits the time that is left. */
  #repeat(failure: Failure): Step | undefined {
    if (!isRetryableHere(failure)) return undefined
    this.#tried.clear()
    const choice = this.#choose()
    if (!isChosen(choice)) return undefined
    const { clock, random, retries, fallbacks } = this.#options
    const wait = backoff(
      { round: ++this.#repetition, minimumMs: retries.minimumWaitMs, retryAfterMs: failure.retryAfterMs },
      random,
    )
    if (clock.monotonic() + wait >= this.#call.deadline) return undefined
    const elsewhere = fallbacksFor(this.#call, this.#pool.name, { failure, settings: fallbacks }).length > 0
    if (elsewhere && wait > PATIENCE_WITH_FALLBACK_MS) return undefined
    return this.#step(choice, wait)
  }

  #choose(afterOrder = this.#afterOrder): Choice {
    return this.#pool.choose(this.#call, {
      exclude: this.#tried,
      explain: this.#options.explains,
      ...(afterOrder !== undefined && { afterOrder }),
      ...(this.#because !== undefined && { because: this.#because }),
    })
  }

  #nobody(choice: Exclude<Choice, Chosen>): Failure {
    if ('chosen' in choice) this.resting = this.#step(choice, 0)
    return choice.failure
  }

  #step({ chosen, decision }: Chosen | LastResort, waitMs: Ms): Step {
    const { deployment } = chosen
    this.#last = deployment
    this.#tried.add(deployment.id)
    this.#made++
    return { pool: this.#pool.name, deployment, decision, waitMs, request: this.#call.request }
  }
}

function isChosen(choice: Choice): choice is Chosen {
  return 'lastResort' in choice && !choice.lastResort
}

function replaced({ operation, body, streamed }: Request, replace: JsonObject): Request {
  return { operation, body: { ...body, ...replace }, streamed }
}

function outOfTime(call: Call): Failure {
  return new Failure('timed_out', `no time or attempt is left to call ${call.record.requestedPool}`)
}

/** LiteLLM's hooks that fail the first pool before anything is dialled, where the operator allows them. */
function mockedFailure({ options: { mock } }: Call): Failure | undefined {
  if (!mock) return undefined
  if (mock.mock_testing_fallbacks) return new Failure('upstream_error', 'mock_testing_fallbacks fails the first pool')
  if (mock.mock_testing_context_fallbacks)
    return new Failure('context_too_long', 'mock_testing_context_fallbacks fails the first pool')
  if (mock.mock_testing_content_policy_fallbacks)
    return new Failure('content_refused', 'mock_testing_content_policy_fallbacks fails the first pool')
  if (mock.mock_testing_rate_limit_error)
    return new Failure('rate_limited', 'mock_testing_rate_limit_error fails the first pool')
  return undefined
}
