import type { Attempt, Call } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import type { Handler, Layer } from '../core/handler.ts'

/** Mirrored calls under way at once, so that a slow mirror cannot pile up. */
const MAX_MIRRORED = 100

/**
 * Sends a copy of a call to a deployment's silent pool (`silent_model`) and throws its answer away. The copy is not
 * waited for and cannot fail the call; its attempts are accounted as `mirror`.
 */
export const mirror = (answer: () => Handler): Layer<Attempt> => {
  let underWay = 0
  return next =>
    function mirror(attempt) {
      const pool = attempt.deployment.silentPool
      if (pool && attempt.purpose === 'answer' && attempt.number === 1 && underWay < MAX_MIRRORED) {
        underWay++
        void copy(attempt, pool, answer()).finally(() => underWay--)
      }
      return next(attempt)
    }
}

async function copy(attempt: Attempt, pool: string, answer: Handler): Promise<void> {
  const { id, request, options, deadline, record, emit } = attempt
  // The trace is the call's own: a copy begins another one.
  const { trace: _trace, ...own } = record
  const call: Call = {
    id: `${id}-mirror`,
    pool,
    request,
    options: { ...options, disableFallbacks: true },
    deadline,
    emit,
    purpose: 'mirror',
    copyOf: record,
    cancellation: new Cancellation(),
    record: { ...own, requestedPool: pool, attempts: [], decisions: [], fallbacks: 0, cost: 0n, unpriced: false },
  }
  try {
    const mirrored = await answer(call)
    await new Promise<void>(resolve => {
      mirrored.onEnd(() => resolve())
      mirrored.read({ frame: () => true, end() {} })
    })
  } catch {
    // Its failure is in its own records.
  }
}
