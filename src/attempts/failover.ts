import type { Answer } from '../core/answer.ts'
import type { Attempt, AttemptRecord, Call } from '../core/call.ts'
import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import type { Handler } from '../core/handler.ts'
import { sleep } from '../core/sleep.ts'
import type { Turn } from '../pools/waiting-line.ts'
import { isWait, type Plan, type Step, type Wait } from './plan.ts'

/**
 * Turns a handler of attempts into a handler of calls by walking a plan: it goes where the plan says, tells it why that
 * failed, and gives the first answer that has begun. When the plan ends, it says with which failure. Where the plan says
 * so, it waits in line; its turn is over when the next attempt has begun, so that nobody else takes its place.
 */
export const failover =
  (planFor: (call: Call) => Plan, clock: Clock) =>
  (next: Handler<Attempt>): Handler =>
    async function failover(call) {
      const plan = planFor(call)
      let turn: Place | undefined
      try {
        let step = plan.next()
        while (!step.done) {
          if (isWait(step.value)) {
            turn?.over()
            turn = await standInLine(step.value, call, clock)
            call.cancellation.throwIfCancelled()
            step = plan.next(turn.inVain)
            continue
          }
          const attempt = tryOnce(next, call, step.value, clock)
          // Begun, so the place is taken: the next one in line may look.
          turn?.over()
          const failure = await attempt
          if (!(failure instanceof Failure)) return failure
          call.cancellation.throwIfCancelled()
          step = plan.next(failure)
        }
        throw step.value
      } finally {
        turn?.over()
      }
    }

/** A turn, or why there was none. */
interface Place extends Turn {
  readonly inVain?: Failure
}

/** Waits for the call's turn, or until it is told that it waits in vain. */
async function standInLine({ line, waiting }: Wait, { record }: Call, clock: Clock): Promise<Place> {
  const begun = clock.monotonic()
  try {
    return await line.wait(waiting)
  } catch (error) {
    return { over() {}, inVain: Failure.from(error) }
  } finally {
    record.queuedMs = (record.queuedMs ?? 0) + clock.monotonic() - begun
  }
}

/** The answer of one attempt, or why there is none. */
async function tryOnce(next: Handler<Attempt>, call: Call, step: Step, clock: Clock): Promise<Answer | Failure> {
  if (step.waitMs > 0) await sleep(step.waitMs, clock, call.cancellation)
  call.cancellation.throwIfCancelled()
  const { cancellation, release } = call.cancellation.child()
  try {
    const answer = await next(begin(call, step, { cancellation, clock }))
    answer.onEnd(release)
    return answer
  } catch (error) {
    release()
    return Failure.from(error)
  }
}

function begin(
  call: Call,
  { deployment, decision, pool, request }: Step,
  { cancellation, clock }: Pick<Attempt, 'cancellation'> & { clock: Clock },
): Attempt {
  const number = call.record.attempts.length + 1
  // Told before the attempt's time begins: in a trace, the choice then comes before what it led to.
  call.record.decisions.push(decision)
  call.emit({ type: 'route', call, decision })
  const attempt: AttemptRecord = {
    id: `${call.id}-${number}`,
    number,
    purpose: call.purpose,
    deployment,
    decision,
    start: clock.monotonic(),
  }
  call.record.attempts.push(attempt)
  // New members before the spread: behind it, V8 takes 1 µs for each of them (2.7 µs against 0.1, Node 20).
  return { deployment, number, attempt, ...call, pool, request, cancellation }
}
