import type { Call, Fallback } from '../core/call.ts'
import type { Clock, Ms, Random } from '../core/clock.ts'
import type { Decision } from '../core/decision.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import type { Request } from '../core/request.ts'
import type { FallbackSettings, RetrySettings, RouterTimeouts } from '../core/settings.ts'
import type { Pool } from '../pools/pool.ts'
import type { Waiting, WaitingLine } from '../pools/waiting-line.ts'
import { fallbacksFor } from './fallbacks.ts'
import { PoolRound } from './pool-round.ts'

/** Where to go next, and how long to wait before going. */
export interface Step {
  readonly pool: string
  readonly deployment: Deployment
  readonly decision: Decision
  readonly waitMs: Ms
  /** What to ask there: the call's request, or with the parts that a fallback replaces. */
  readonly request: Request
}

/** Nobody has a place for the call at present: stand in line for one. */
export interface Wait {
  readonly line: WaitingLine
  readonly waiting: Waiting
}

/**
 * The course of a call through deployments and pools. It yields the next step and is told why the last one failed, or
 * nothing when it was to wait and its turn has come; when there is nowhere left to go, it gives back the failure that the
 * caller is told.
 */
export type Plan = Generator<Step | Wait, Failure, Failure | undefined>

export function isWait(step: Step | Wait): step is Wait {
  return 'line' in step
}

export interface PlanOptions {
  /** The pool of a name, or why there is none for this call. */
  readonly poolFor: (name: string, call: Call) => Pool | Failure
  readonly retries: RetrySettings
  readonly fallbacks: FallbackSettings
  /** How long one may wait in line: as long as an attempt may take. Default: until the call's deadline. */
  readonly timeouts?: Pick<RouterTimeouts, 'attemptMs'>
  readonly defaultPriority?: number
  /** Whether decisions shall hold all that was considered. */
  readonly explains: (call: Call) => boolean
  readonly clock: Clock
  readonly random: Random
}

/** Plans a call: a pool's deployments with retries, its further orders, then its fallbacks with theirs. */
export const planCall =
  (options: PlanOptions) =>
  (call: Call): Plan =>
    new Course(call, options).run()

/** Why a pool did not answer; `resting` is the deployment that could still be asked as a last resort. */
interface Setback {
  readonly failure: Failure
  /** The pool's own name, which an alias hides. */
  readonly resolved?: string
  resting?: Step | undefined
}

/** One call's way, with what must not be done twice on it. */
class Course {
  readonly #call: Call
  readonly #options: PlanOptions
  /** Pools, which may have several names; and names that no pool has. */
  readonly #visited: (Pool | string)[] = []
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
    if (setback.resting && this.#attempts === 0 && this.#mayGoOn()) {
      this.#attempts++
      return (yield setback.resting) ?? setback.failure
    }
    return setback.failure
  }

  /** Tries a pool, then the pools that stand in for it. The first pool's failure is the one that counts. */
  *#visit(target: Fallback, because?: string): Generator<Step | Wait, Setback, Failure | undefined> {
    const setback = yield* this.#tryPool(target, because)
    for (const fallback of this.#fallbacks(target, setback)) {
      if (!this.#mayHopTo(fallback.pool)) continue
      this.#hops++
      if (this.#call.purpose !== 'classify') this.#call.record.fallbacks++
      const next = yield* this.#visit(fallback, `${target.pool} failed: ${setback.failure.kind}`)
      if (!this.#mayGoOn()) break
      setback.resting ??= next.resting
    }
    return setback
  }

  *#tryPool(target: Fallback, because: string | undefined): Generator<Step | Wait, Setback, Failure | undefined> {
    const pool = this.#options.poolFor(target.pool, this.#call)
    this.#visited.push(pool instanceof Failure ? target.pool : pool)
    if (pool instanceof Failure) return { failure: pool }
    const resolved = pool.name
    const mocked = this.#attempts + this.#hops === 0 ? mockedFailure(this.#call) : undefined
    if (mocked) return { failure: mocked, resolved }
    const call = target.replace ? { ...this.#call, request: replaced(this.#call.request, target.replace) } : this.#call
    const hasElsewhere = (failure: Failure) =>
      this.#fallbacks(target, { failure, resolved }).some(fallback => this.#mayHopTo(fallback.pool))
    const round = new PoolRound(pool, call, { because, options: this.#options, hasElsewhere })
    let failure: Failure | undefined
    for (;;) {
      const step = this.#mayGoOn() ? round.next(failure) : undefined
      if (!step) return { failure: failure ?? outOfTime(call), resolved }
      if (step instanceof Failure) return { failure: failure ?? step, resolved, resting: round.resting }
      if (isWait(step)) {
        const inVain = yield step
        if (inVain) return { failure: inVain, resolved }
        continue
      }
      this.#attempts++
      failure = yield step
    }
  }

  #fallbacks({ pool }: Fallback, { failure, resolved }: Setback): readonly Fallback[] {
    return fallbacksFor(this.#call, pool, { failure, resolved, settings: this.#options.fallbacks })
  }

  #mayHopTo(name: string): boolean {
    const max = this.#call.options.maxFallbacks ?? this.#options.fallbacks.max
    if (this.#hops >= max || !this.#mayGoOn() || this.#visited.includes(name)) return false
    const pool = this.#options.poolFor(name, this.#call)
    return pool instanceof Failure || !this.#visited.includes(pool)
  }

  #mayGoOn(): boolean {
    return this.#attempts < this.#options.retries.maxAttempts && this.#options.clock.monotonic() < this.#call.deadline
  }
}

function replaced({ operation, body, streamed }: Request, replace: JsonObject): Request {
  return { operation, body: { ...body, ...replace }, streamed }
}

function outOfTime(call: Call): Failure {
  return new Failure('out_of_time', `no time or attempt is left to call ${call.record.requestedPool}`)
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
