import type { Call, CallRecord } from '../core/call.ts'
import { parseTraceparent } from './trace-context.ts'

/** The trace ids of calls without spans. Keeps by the record, which is the same object in every copy that a layer makes of a call. */
export class TraceIds {
  readonly #next: () => string
  readonly #known = new WeakMap<CallRecord, string>()

  constructor(next: () => string) {
    this.#next = next
  }

  of(call: Call): string {
    const record = call.copyOf ?? call.record
    let id = this.#known.get(record)
    if (id === undefined) {
      id = parseTraceparent(call.options.traceparent)?.traceId ?? this.#next()
      this.#known.set(record, id)
    }
    return id
  }
}
