import type { Answer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import { follow, type Handler, type Layer } from '../core/handler.ts'
import type { NanoUsd } from '../core/money.ts'
import type { Request } from '../core/request.ts'
import type { Entry } from '../ledger/replica/entry.ts'
import type { Ledger } from '../ledger/replica/ledger.ts'
import { withForcedLimit } from './output-limit.ts'

export interface AccountOptions {
  readonly ledger: Pick<Ledger, 'begin' | 'boundsAttempt'>
  /** What an attempt may cost at most. @throws Failure when nobody knows and it must be known. */
  readonly worst: (attempt: Attempt, isBounded: boolean) => NanoUsd
  /** The output tokens of one answer that a bounded attempt is held to, where nobody has said a number. */
  readonly forcedOutput: (deployment: Deployment, request: Request) => number
}

/**
 * Writes every attempt into the books before it is dialled, and charges it when it has ended. What bounds it must be sure of
 * its worst price: then an answer without a limit is given one.
 */
export const account =
  (options: AccountOptions): Layer<Attempt> =>
  next =>
    function account(attempt) {
      try {
        const isBounded = options.ledger.boundsAttempt(attempt)
        const limited = isBounded ? bounded(attempt, options) : attempt
        // Of the request as it came: the worst is the same, and what is known of the prompt is known already.
        const entry = options.ledger.begin(limited, options.worst(attempt, isBounded))
        return entry instanceof Promise ? entry.then(one => charge(next, limited, one)) : charge(next, limited, entry)
      } catch (error) {
        return Promise.reject(Failure.from(error))
      }
    }

function charge(next: Handler<Attempt>, attempt: Attempt, entry: Entry): Promise<Answer> {
  return follow(next, attempt, (end, answer) => entry.end(end, answer))
}

function bounded(attempt: Attempt, { forcedOutput }: AccountOptions): Attempt {
  const { request: asked, deployment } = attempt
  const request = withForcedLimit(asked, deployment, forcedOutput(deployment, asked))
  return request === asked ? attempt : { ...attempt, request }
}
