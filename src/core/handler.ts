import type { Answer, End } from './answer.ts'
import type { Call } from './call.ts'
import { Failure } from './failure.ts'

/** An asynchronous function from a call to its answer. Everything here is one, or wraps one. */
export type Handler<C extends Call = Call> = (call: C) => Promise<Answer>

/** Wraps a handler to act before, after or instead of it. */
export type Layer<C extends Call = Call> = (next: Handler<C>) => Handler<C>

/** Composes layers around a handler; the first one listed sees the call first. */
export const stack =
  <C extends Call>(...layers: readonly Layer<C>[]): Layer<C> =>
  end =>
    layers.reduceRight((next, layer) => layer(next), end)

/** Asks `next`; what it throws at once is a rejection too. */
export function ask<C extends Call>(next: Handler<C>, call: C): Promise<Answer> {
  try {
    return next(call)
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * Calls `next` and tells `report` once how that ended: refused (then there is no answer), broken off, complete or abandoned.
 * Every attempt is followed by several layers, and with `then` each makes fewer promises than as an async function.
 */
export function follow<C extends Call>(
  next: Handler<C>,
  call: C,
  report: (end: End, answer: Answer | undefined) => void,
): Promise<Answer> {
  return ask(next, call).then(
    answer => {
      answer.onEnd(end => report(end, answer))
      return answer
    },
    error => {
      const failure = Failure.from(error)
      const outcome = failure.kind === 'cancelled' ? 'abandoned' : 'failed'
      report({ outcome, failure, ...(failure.usage && { usage: failure.usage }) }, undefined)
      throw failure
    },
  )
}
