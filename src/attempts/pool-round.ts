import type { Call } from '../core/call.ts'
import type { Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { Choice, Chosen, LastResort, Pool } from '../pools/pool.ts'
import { backoff } from './backoff.ts'
import type { PlanOptions, Step, Wait } from './plan.ts'
import { isRetryableHere, retriesFor, wasDialled } from './retries.ts'

/** No wait before a fallback is longer: beyond it, going elsewhere is the better answer. */
const PATIENCE_WITH_FALLBACK_MS: Ms = 8_000

/** Nor is any wait longer: a client is better told to come back than kept for minutes. */
const PATIENCE_MS: Ms = 60_000
/** A span with a thousand candidates would be larger than collectors take, and cost 5 ms. */
const TOLD_IN_TRACES = 20

interface RoundOptions {
  readonly because: string | undefined
  readonly options: PlanOptions
  /** Whether another pool would be tried after this failure. */
  readonly hasElsewhere: (failure: Failure) => boolean
}

const NOBODY: ReadonlySet<string> = new Set()

/** The attempts within one pool. */
export class PoolRound {
  resting: Step | undefined
  readonly #pool: Pool
  readonly #call: Call
  readonly #because: string | undefined
  readonly #options: PlanOptions
  readonly #hasElsewhere: RoundOptions['hasElsewhere']
  readonly #tried = new Set<string>()
  /** Every repetition of deployments that were tried already. */
  #repetition = 0
  /** Attempts made at the present order. */
  #made = 0
  #last: Deployment | undefined
  #afterOrder: number | undefined
  /** Monotonic: when waiting for a place has been enough. */
  #waitsUntil: Ms | undefined

  constructor(pool: Pool, call: Call, { because, options, hasElsewhere }: RoundOptions) {
    this.#pool = pool
    this.#call = call
    this.#because = because
    this.#options = options
    this.#hasElsewhere = hasElsewhere
  }

  /** The next step; a failure when no deployment can take the call; undefined when the pool has had its tries. */
  next(failure: Failure | undefined): Step | Wait | Failure | undefined {
    if (failure && !wasDialled(failure)) this.#made--
    if (failure && this.#last && !this.#mayRetry(failure, this.#last)) return this.#nextOrder(failure)
    const fresh = this.#choose()
    if (isChosen(fresh)) return this.#step(fresh, 0)
    if (!failure || !this.#last) return this.#nobody(fresh)
    return this.#repeat(failure) ?? this.#nextOrder(failure)
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
    const choice = order !== undefined && this.#pool.hasOrderAfter(order) ? this.#choose(this.#tried, order) : undefined
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

  /**
   * Everybody was tried: the same ones again after a wait, where that can help and fits the time that is left. One whose
   * upstream asked for a pause is waited for when there is nobody else.
   */
  #repeat(failure: Failure): Step | undefined {
    if (!isRetryableHere(failure)) return undefined
    const choice = this.#choose(NOBODY)
    if (!('chosen' in choice) || (choice.lastResort && failure.retryAfterMs === undefined)) return undefined
    const { clock, random, retries } = this.#options
    const isSame = choice.chosen.deployment === this.#last
    const retryAfterMs = choice.lastResort ? choice.waitMs : isSame ? failure.retryAfterMs : undefined
    const round = this.#repetition + 1
    const wait = backoff({ round, minimumMs: retries.minimumWaitMs, retryAfterMs }, random)
    if (wait > PATIENCE_MS || clock.monotonic() + wait >= this.#call.deadline) return undefined
    if (wait > PATIENCE_WITH_FALLBACK_MS && this.#hasElsewhere(failure)) return undefined
    this.#repetition = round
    this.#tried.clear()
    return this.#step(choice, wait)
  }

  #choose(exclude: ReadonlySet<string> = this.#tried, afterOrder = this.#afterOrder): Choice {
    return this.#pool.choose(this.#call, {
      exclude,
      explain: this.#options.explains(this.#call) && TOLD_IN_TRACES,
      ...(afterOrder !== undefined && { afterOrder }),
      ...(this.#because !== undefined && { because: this.#because }),
    })
  }

  #nobody(choice: Exclude<Choice, Chosen>): Wait | Failure {
    const wait = choice.isShort ? this.#wait(choice.failure) : undefined
    if (wait) return wait
    if ('chosen' in choice) this.resting = this.#step(choice, 0)
    return choice.failure
  }

  /** Calls with a priority wait for a place; where they could go elsewhere, not for long. */
  #wait(shortage: Failure): Wait | undefined {
    const { options, deadline, record, cancellation, purpose } = this.#call
    const { clock, timeouts, defaultPriority } = this.#options
    const priority = options.priority ?? defaultPriority
    if (priority === undefined || purpose === 'mirror') return undefined
    const now = clock.monotonic()
    const patience = this.#hasElsewhere(shortage) ? PATIENCE_WITH_FALLBACK_MS : Number.POSITIVE_INFINITY
    const timeout = options.timeoutMs ?? timeouts?.attemptMs ?? Number.POSITIVE_INFINITY
    this.#waitsUntil ??= Math.min(deadline, now + timeout, now + patience)
    const limitMs = this.#waitsUntil - now
    if (limitMs <= 0) return undefined
    const hasRoom = () => this.#pool.eligible(this.#call).length > 0
    const waiting = { priority, since: record.start, limitMs, hasRoom, shortage, cancellation }
    return { line: this.#pool.line, waiting }
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
