import type { Answer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import type { Layer } from '../core/handler.ts'

/**
 * Holds an answer back until its first content, so that everything above may still go elsewhere. A refusal by the
 * provider's content filter is a failure where the operator has named a place to go instead.
 */
export const commit =
  (hasContentFallback: (attempt: Attempt) => boolean): Layer<Attempt> =>
  next =>
    function commit(attempt) {
      const judge = (answer: Answer) => {
        if (answer.finishReason === 'content_filter' && hasContentFallback(attempt)) throw refused(answer)
        return answer
      }
      return next(attempt).then(answer =>
        answer.isCommitted ? judge(answer) : answer.committed().then(() => judge(answer)),
      )
    }

function refused(answer: Answer): Failure {
  const { provider, model } = answer.deployment
  const failure = new Failure('content_refused', `${provider}/${model} stopped at its content filter`, {
    code: 'content_filter',
    usage: answer.usage,
  })
  answer.breakOff(failure)
  return failure
}
