import type { Call, CallOptions } from './call.ts'
import { Cancellation } from './cancellation.ts'
import type { Clock, Ms } from './clock.ts'
import type { Emit } from './event.ts'
import { ulids } from './id.ts'
import type { Request } from './request.ts'

export interface BeginOptions {
  /** How long a call may take with all its attempts and waits. */
  readonly callMs: Ms
  readonly clock: Clock
  readonly emit: Emit
}

export interface Beginning {
  readonly pool: string
  readonly request: Request
  readonly options: CallOptions
}

/** Makes calls of what clients ask: gives each its id, its deadline and an empty record. */
export function beginCalls({
  callMs,
  clock,
  emit,
}: BeginOptions): (asked: Beginning, cancellation?: Cancellation) => Call {
  const nextId = ulids(() => clock.now())
  return ({ pool, request, options }, cancellation = new Cancellation()) => {
    const start = clock.monotonic()
    return {
      id: nextId(),
      pool,
      request,
      options,
      cancellation,
      deadline: start + callMs,
      emit,
      purpose: 'answer',
      record: {
        startedAt: clock.now(),
        start,
        requestedPool: pool,
        attempts: [],
        decisions: [],
        fallbacks: 0,
        cost: 0n,
        unpriced: false,
      },
    }
  }
}
