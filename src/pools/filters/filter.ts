import type { Call } from '../../core/call.ts'
import type { Clock, Ms } from '../../core/clock.ts'
import type { Request } from '../../core/request.ts'
import type { Moment } from '../moment.ts'
import type { Candidate } from '../strategy.ts'

/** What put a deployment out of the running. */
export type Why =
  | 'unwell'
  | 'blocked'
  | 'resting'
  | 'held-out'
  | 'full'
  | 'rate-limits'
  | 'share'
  | 'too-large'
  | 'closed'
  | 'context'
  | 'region'
  | 'response-format'
  | 'tags'
  | 'order'
  | 'tried'

/** How many tokens a request has: surely not fewer than `low`, probably `likely`, surely not more than `high`. */
export interface TokenBounds {
  readonly low: number
  readonly likely: number
  readonly high: number
}

export type InputTokenBounds = (request: Request) => TokenBounds

/** The call that deployments are sought for, and when. */
export class Question implements Moment {
  readonly call: Call
  readonly monotonic: Ms
  readonly epoch: Ms
  readonly #inputTokenBounds: InputTokenBounds
  #tokens: TokenBounds | undefined

  constructor(call: Call, clock: Clock, inputTokenBounds: InputTokenBounds) {
    this.call = call
    this.monotonic = clock.monotonic()
    this.epoch = clock.now()
    this.#inputTokenBounds = inputTokenBounds
  }

  /** Bounds of the input tokens: reckoned once, when a filter asks, since it takes a walk through the prompt. */
  get inputTokens(): TokenBounds {
    this.#tokens ??= this.#inputTokenBounds(this.call.request)
    return this.#tokens
  }
}

/** Leaves deployments out: by their state alone (`Moment`), or by what the call needs (`Question`). */
export interface Filter<About extends Moment = Question> {
  readonly why: Why
  excludes(candidate: Candidate, about: About): boolean
  /** The reason in words, once `excludes` said so. */
  explain(candidate: Candidate, about: About): string
}

/** A filter that only some calls need: it is asked once for the call before it is asked for every deployment. */
export interface CallFilter extends Filter {
  concerns(question: Question): boolean
}

/** Why one deployment is out. */
export interface Exclusion {
  readonly why: Why
  readonly text: string
}
