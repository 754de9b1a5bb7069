import type { Answer, End } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import { follow, type Layer } from '../core/handler.ts'

/** Tells the listeners when a call starts and when its answer has truly ended. */
export const traceCall: Layer = next =>
  function traceCall(call) {
    call.emit({ type: 'call-start', call })
    return follow(next, call, end => call.emit({ type: 'call-end', call, end }))
  }

/** Writes down how an attempt went, and tells the listeners of its start, its first content and its end. */
export const traceAttempt =
  (clock: Clock): Layer<Attempt> =>
  next =>
    function traceAttempt(attempt) {
      attempt.emit({ type: 'attempt-start', attempt })
      return follow(next, attempt, (end, answer) => {
        note(attempt, end, answer, clock)
        attempt.emit({ type: 'attempt-end', attempt, end })
      })
    }

/** Notes when the first content came: below everything that may end the attempt, so that it is known to all of it. */
export const noteFirst =
  (clock: Clock): Layer<Attempt> =>
  next =>
    function noteFirst(attempt) {
      return next(attempt).then(answer => {
        attempt.attempt.firstAt = clock.monotonic()
        attempt.emit({ type: 'attempt-first', attempt })
        return answer
      })
    }

function note({ attempt }: Attempt, end: End, answer: Answer | undefined, clock: Clock): void {
  attempt.endedAt = clock.monotonic()
  attempt.outcome = end.outcome
  if (end.failure) attempt.failure = end.failure
  if (answer?.model) attempt.model = answer.model
  if (answer?.responseId) attempt.responseId = answer.responseId
  if (answer?.upstreamHeaders) attempt.upstreamHeaders = answer.upstreamHeaders
  if (answer?.finishReason) attempt.finishReason = answer.finishReason
}
