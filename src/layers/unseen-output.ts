import type { Attempt } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Request } from '../core/request.ts'
import type { Usage } from '../core/usage.ts'
import type { OutputPace } from '../pools/output-pace.ts'

export interface UnseenOutputOptions {
  /** How fast a deployment writes one of the answers to a request. */
  readonly pacesOf: (deployment: Deployment) => {
    /** A whole answer, from the call to its end. */
    readonly wholePace: OutputPace
    /** What a stream thinks, from the call to its first content. */
    readonly thinkingPace: OutputPace
  }
  /** Answers that a request asks for. */
  readonly answersOf: (request: Request) => number
  /** The most output tokens that a request allows; undefined when it sets no limit. */
  readonly mostOutputOf: (request: Request) => number | undefined
  readonly clock: Clock
}

/**
 * What a provider has probably written of an answer whose end nobody saw, and may bill: a whole answer whose client left or
 * whose time was up, and what a stream thought before its first content. It is the time that there was, times the pace at which the
 * deployment's last answers were written, and no more than the request allows.
 */
export class UnseenOutput {
  readonly #options: UnseenOutputOptions

  constructor(options: UnseenOutputOptions) {
    this.#options = options
  }

  /** An answer has come to its end, and its provider has told its usage. */
  learn({ attempt, request, deployment }: Attempt, usage: Usage): void {
    const { pacesOf, answersOf, clock } = this.#options
    const { wholePace, thinkingPace } = pacesOf(deployment)
    const answers = answersOf(request)
    if (!request.streamed) wholePace.add(usage.outputTokens / answers, clock.monotonic() - attempt.start)
    else if (attempt.firstAt !== undefined)
      thinkingPace.add((usage.reasoningTokens ?? 0) / answers, attempt.firstAt - attempt.start)
  }

  /** Output tokens of an attempt that ends now, besides the `received` ones. */
  tokens({ attempt, request, deployment }: Attempt, received: number): number {
    const { pacesOf, answersOf, mostOutputOf, clock } = this.#options
    const { wholePace, thinkingPace } = pacesOf(deployment)
    const seenAt = (request.streamed ? attempt.firstAt : undefined) ?? clock.monotonic()
    const pace = request.streamed ? thinkingPace : wholePace
    const answers = answersOf(request)
    const most = mostOutputOf(request) ?? (deployment.limits.maxOutputTokens ?? Number.POSITIVE_INFINITY) * answers
    return Math.max(Math.min(pace.tokensIn(seenAt - attempt.start) * answers, most - received), 0)
  }
}
