import type { Answer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { Clock, Ms, Timer } from '../core/clock.ts'
import { deploymentName } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { Layer } from '../core/handler.ts'
import type { RouterTimeouts } from '../core/settings.ts'

/** How finely silence is measured: a stream is given up between 100 % and 106 % of its idle limit. */
const CHECKS_PER_IDLE = 16

/**
 * Bounds the waits of one attempt: until its first content, between two frames, and as a whole. The caller's limits come
 * before the deployment's, the deployment's before the router's. The connection's own limit is kept by the dialler.
 */
export const timeouts =
  (settings: RouterTimeouts, clock: Clock): Layer<Attempt> =>
  next =>
    async function timeouts(attempt) {
      const limits = limitsOf(attempt, settings)
      const begun = clock.monotonic()
      const ends = Math.min(begun + limits.total, attempt.deadline)
      const first = Math.round(Math.min(limits.first, ends - begun))
      const what = limits.first < limits.total ? 'no first token' : 'no answer'
      const timer = clock.after(first, () => attempt.cancellation.cancel(late(attempt, what, first)))
      let answer: Answer
      try {
        answer = await next(attempt)
      } finally {
        timer.cancel()
      }
      if (answer.streamed && !answer.ended) watch(answer, attempt, { ends, limits, clock })
      return answer
    }

interface Limits {
  readonly total: Ms
  readonly first: Ms
  readonly idle: Ms
}

function limitsOf({ options, deployment, request }: Attempt, settings: RouterTimeouts): Limits {
  const own = deployment.timeouts
  const total = options.timeoutMs ?? own.timeoutMs ?? settings.attemptMs
  const first = request.streamed ? (options.firstTokenMs ?? own.firstTokenMs ?? settings.firstTokenMs ?? total) : total
  return { total, first, idle: own.idleMs ?? settings.idleMs }
}

/** One timer for a stream: it looks now and then whether frames have come, so that a frame costs nothing. */
function watch(answer: Answer, attempt: Attempt, { ends, limits, clock }: { ends: Ms; limits: Limits; clock: Clock }) {
  let seen = answer.pushed
  let since = clock.monotonic()
  let timer: Timer
  const look = () => {
    const now = clock.monotonic()
    if (answer.pushed !== seen || answer.paused) {
      seen = answer.pushed
      since = now
    }
    if (now >= ends) return answer.breakOff(late(attempt, 'an answer longer', limits.total))
    if (now - since >= limits.idle) return answer.breakOff(late(attempt, 'silence', limits.idle))
    timer = clock.after(Math.min(limits.idle / CHECKS_PER_IDLE, ends - now), look)
  }
  timer = clock.after(Math.min(limits.idle / CHECKS_PER_IDLE, Math.max(ends - since, 0)), look)
  answer.onEnd(() => timer.cancel())
}

function late(attempt: Attempt, what: string, limit: Ms): Failure {
  const verb = what === 'silence' ? `fell silent for ${limit} ms` : `gave ${what} within ${limit} ms`
  const text = what === 'an answer longer' ? `took longer than ${limit} ms` : verb
  return new Failure('timed_out', `${deploymentName(attempt.deployment)} ${text}`)
}
