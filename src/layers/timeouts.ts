import type { Answer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { Clock, Ms, Timer } from '../core/clock.ts'
import { deploymentName } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import { ask, type Layer } from '../core/handler.ts'
import type { RouterTimeouts } from '../core/settings.ts'

/** How finely silence is measured: a stream is given up between 100 % and 106 % of its idle limit. */
const CHECKS_PER_IDLE = 16

/** The end of a stream that never ends: LiteLLM's longest default wait. */
const MAX_STREAM_MS: Ms = 6_000_000

/**
 * Bounds the waits of one attempt: a whole answer as a whole, a stream until its first content and then between two frames.
 * A stream that flows is not cut: a `timeout` of 30 s says how long to wait for an answer, not how long it may be. The
 * caller's limits come before the deployment's, the deployment's before the router's, and the call's deadline before all.
 * The connection's own limit is kept by the dialler.
 */
export const timeouts =
  (settings: RouterTimeouts, clock: Clock): Layer<Attempt> =>
  next =>
    function timeouts(attempt) {
      const { firstMs, idleMs } = limitsOf(attempt, settings)
      const leftMs = Math.max(attempt.deadline - clock.monotonic(), 0)
      const timer = clock.after(Math.min(firstMs, leftMs), () =>
        attempt.cancellation.cancel(firstMs <= leftMs ? late(attempt, firstMs) : outOfTime(attempt)),
      )
      return ask(next, attempt).then(
        answer => {
          timer.cancel()
          if (answer.streamed && !answer.ended) watch(answer, attempt, { idleMs, clock })
          return answer
        },
        error => {
          timer.cancel()
          throw error
        },
      )
    }

interface Limits {
  readonly firstMs: Ms
  readonly idleMs: Ms
}

function limitsOf({ options, deployment, request }: Attempt, settings: RouterTimeouts): Limits {
  const own = deployment.timeouts
  const whole = options.timeoutMs ?? own.timeoutMs ?? settings.attemptMs
  const first = request.streamed ? (options.firstTokenMs ?? own.firstTokenMs ?? settings.firstTokenMs ?? whole) : whole
  return { firstMs: first, idleMs: own.idleMs ?? settings.idleMs }
}

/** One timer for a stream: it looks now and then whether frames have come, so that a frame costs nothing. */
function watch(answer: Answer, attempt: Attempt, { idleMs, clock }: { idleMs: Ms; clock: Clock }): void {
  const ends = clock.monotonic() + MAX_STREAM_MS
  let seen = answer.pushed
  let since = clock.monotonic()
  let timer: Timer
  const look = () => {
    const now = clock.monotonic()
    if (answer.pushed !== seen || answer.paused) {
      seen = answer.pushed
      since = now
    }
    if (now - since >= idleMs) return answer.breakOff(silent(attempt, idleMs))
    if (now >= ends) return answer.breakOff(endless(attempt))
    timer = clock.after(idleMs / CHECKS_PER_IDLE, look)
  }
  timer = clock.after(idleMs / CHECKS_PER_IDLE, look)
  answer.onEnd(() => timer.cancel())
}

function late({ deployment, request }: Attempt, limit: Ms): Failure {
  const what = request.streamed ? 'no first token' : 'no answer'
  return new Failure('timed_out', `${deploymentName(deployment)} gave ${what} within ${limit} ms`)
}

/** The call as a whole is late, which is not this deployment's fault alone. */
function outOfTime({ deployment, number }: Attempt): Failure {
  const name = deploymentName(deployment)
  return new Failure('out_of_time', `the call's time was up while ${name} was asked (attempt ${number})`)
}

function silent({ deployment }: Attempt, limit: Ms): Failure {
  return new Failure('timed_out', `${deploymentName(deployment)} sent nothing for ${limit} ms`)
}

function endless({ deployment }: Attempt): Failure {
  return new Failure('timed_out', `${deploymentName(deployment)} streamed for more than ${MAX_STREAM_MS} ms`)
}
