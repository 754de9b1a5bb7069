import type { Answer } from '../core/answer.ts'
import type { Call, CallOptions } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import type { Clock, Ms } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Handler } from '../core/handler.ts'
import type { Request } from '../core/request.ts'

/** What is asked on behalf of a call. */
export interface Question<T> {
  readonly pool: string
  readonly request: Request
  readonly timeoutMs: Ms
  /** Makes something of the answer; rejects with a Failure when it cannot. */
  readonly read: (answer: Answer) => Promise<T>
}

export interface SubCallOptions {
  /** Answers the call. */
  readonly ask: Handler
  readonly clock: Clock
}

/**
 * Asks a pool something to classify a call. The sub-call shares the record of the call that it is made for, so that its
 * attempts and their cost are accounted there, and is stopped with it. It settles within the time allowed even when the
 * handler does not heed its cancellation. Rejects with a Failure.
 */
export function subCall<T>(call: Call, question: Question<T>, { ask, clock }: SubCallOptions): Promise<T> {
  const { pool, request, timeoutMs } = question
  const cancellation = new Cancellation()
  const now = clock.monotonic()
  const deadline = Math.min(call.deadline, now + timeoutMs)
  const options = ownOptions(call.options)
  const derived: Call = { ...call, pool, request, options, cancellation, deadline, purpose: 'classify' }
  return new Promise<T>((resolve, reject) => {
    cancellation.onCancel(reject)
    const unlink = call.cancellation.onCancel(reason => cancellation.cancel(reason))
    // `cancelled` and not `timed_out`: a limit that is tight for classifying says nothing about the deployment's health.
    const timer = clock.after(deadline - now, () =>
      cancellation.cancel(
        new Failure('cancelled', `no answer came within ${Math.max(0, Math.round(deadline - now))} ms`),
      ),
    )
    answerOf(ask, derived, question.read)
      .then(resolve, reject)
      .finally(() => {
        timer.cancel()
        unlink()
      })
  })
}

/** An answer that comes too late is told to stop. */
async function answerOf<T>(ask: Handler, call: Call, read: Question<T>['read']): Promise<T> {
  call.cancellation.throwIfCancelled()
  const answer = await ask(call)
  call.cancellation.onCancel(reason => answer.abandon(reason))
  return read(answer)
}

/**
 * What the caller asked for its answer (other pools, retries, timeouts, a mock, one deployment) is not meant for the
 * classifying call. Who asks, from where and under which constraints holds for both.
 */
function ownOptions(options: CallOptions): CallOptions {
  const {
    retries: _retries,
    timeoutMs: _timeoutMs,
    firstTokenMs: _firstTokenMs,
    fallbacks: _fallbacks,
    contextWindowFallbacks: _contextWindowFallbacks,
    contentPolicyFallbacks: _contentPolicyFallbacks,
    maxFallbacks: _maxFallbacks,
    mock: _mock,
    specificDeployment: _specificDeployment,
    strategyLabel: _strategyLabel,
    ...kept
  } = options
  return kept
}
