import { type Context, type Span, trace } from '@opentelemetry/api'
import type { AttemptRecord, Call, CallRecord, CallTrace } from '../core/call.ts'
import { parseTraceparent } from './trace-context.ts'

/**
 * The spans of one call. They hang on its record, which is the same object in every copy that a layer makes of the call, and
 * go with it. In WeakMaps, with a context made for each, a call that is sampled out took 2.5 µs more.
 */
export class SpanTrace implements CallTrace {
  readonly span: Span
  /** Calls open on the same record: a classifying call may share the one it serves. */
  open = 1
  readonly #parent: Context
  /** Absent while there are none, so always of a call that is sampled out. */
  #attempts: Map<AttemptRecord, Span> | undefined

  constructor(span: Span, parent: Context) {
    this.span = span
    this.#parent = parent
  }

  get traceId(): string {
    return this.span.spanContext().traceId
  }

  add(attempt: AttemptRecord, span: Span): void {
    this.#attempts ??= new Map()
    this.#attempts.set(attempt, span)
  }

  of(attempt: AttemptRecord): Span | undefined {
    return this.#attempts?.get(attempt)
  }

  /** What its children are made in. Calls that are sampled out have none, and never ask. */
  childContext(): Context {
    return trace.setSpan(this.#parent, this.span)
  }
}

/** The spans of the call of this record; undefined when it has none. */
export function spansOf(record: CallRecord): SpanTrace | undefined {
  return record.trace instanceof SpanTrace ? record.trace : undefined
}

/** The trace id of a call; one without spans gets its caller's or the next one, when first somebody asks. */
export function traceIdOf(call: Call, next: () => string): string {
  const record = call.copyOf && !call.record.trace ? call.copyOf : call.record
  record.trace ??= { traceId: parseTraceparent(call.options.traceparent)?.traceId ?? next() }
  return record.trace.traceId
}
