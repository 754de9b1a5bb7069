import { type Context, type HrTime, type Span, trace } from '@opentelemetry/api'
import type { AttemptRecord, Call, CallRecord, CallTrace } from '../core/call.ts'
import type { Ms } from '../core/clock.ts'
import { parseTraceparent } from './trace-context.ts'

/** The span of an attempt, with what is no longer known at its end. */
export interface AttemptSpan {
  readonly span: Span
  /** Moves to another pool before it. */
  readonly fallbacks: number
}

/**
 * The spans of one call. They hang on its record, which is the same object in every copy that a layer makes of the call, and
 * go with it. In WeakMaps, with a context made for each, a call that is sampled out took 2.5 µs more.
 */
export class SpanTrace implements CallTrace {
  /** Whose span it is: a classifying call may share the record of the one it serves. */
  readonly call: Call
  readonly span: Span
  /** Calls open on the same record. */
  open = 1
  readonly #parent: Context
  #children: Context | undefined
  /** Absent while there are none, so always of a call that is sampled out. */
  #attempts: Map<AttemptRecord, AttemptSpan> | undefined

  constructor(call: Call, span: Span, parent: Context) {
    this.call = call
    this.span = span
    this.#parent = parent
  }

  get traceId(): string {
    return this.span.spanContext().traceId
  }

  add(attempt: AttemptRecord, span: AttemptSpan): void {
    this.#attempts ??= new Map()
    this.#attempts.set(attempt, span)
  }

  of(attempt: AttemptRecord): AttemptSpan | undefined {
    return this.#attempts?.get(attempt)
  }

  /** What its children are made in. Calls that are sampled out have none, and never ask. */
  childContext(): Context {
    this.#children ??= trace.setSpan(this.#parent, this.span)
    return this.#children
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

/** A moment of a call as OpenTelemetry wants it. Numbers would be read as milliseconds since the process began. */
export function wallTime(record: CallRecord, at: Ms): HrTime {
  const epochMs = record.startedAt + (at - record.start)
  const seconds = Math.floor(epochMs / 1000)
  return [seconds, Math.round((epochMs - seconds * 1000) * 1_000_000)]
}
