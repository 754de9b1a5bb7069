import type { Attempt } from '../core/call.ts'
import { CollectedAnswer } from '../core/collected-answer.ts'
import type { Layer } from '../core/handler.ts'

/** Keeps the answers of the attempts that are `wanted`, for callbacks and spans. The reader gets them all the same. */
export const collect =
  (wanted: (attempt: Attempt) => boolean): Layer<Attempt> =>
  next =>
    async function collect(attempt) {
      const answer = await next(attempt)
      if (!wanted(attempt)) return answer
      const collected = new CollectedAnswer()
      attempt.attempt.response = collected
      answer.watch(frame => collected.add(frame))
      return answer
    }
