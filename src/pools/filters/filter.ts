import type { Call } from '../../core/call.ts'
import type { Request } from '../../core/request.ts'
import type { Moment } from '../moment.ts'
import type { Candidate } from '../strategy.ts'

/** What put a deployment out of the running. */
export type Why =
  | 'blocked'
  | 'resting'
  | 'held-out'
  | 'full'
  | 'rate-limits'
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
export interface Question extends Moment {
  readonly call: Call
  readonly inputTokenBounds: InputTokenBounds
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
