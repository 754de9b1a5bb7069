import {
  type Attributes,
  type Context,
  context,
  type HrTime,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { End } from '../core/answer.ts'
import type { Attempt, Call, CallRecord } from '../core/call.ts'
import { type Clock, type Ms, systemClock } from '../core/clock.ts'
import type { Decision } from '../core/decision.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Event } from '../core/event.ts'
import { DEFAULT_LOGGING, isMuted, type LoggingRules, mayTellContent } from '../core/logging.ts'
import { SpanTrace, spansOf, traceIdOf } from './call-trace.ts'
import type { Listener } from './listeners.ts'
import { inputMessages, outputMessages } from './message-content.ts'
import { ERROR_MESSAGE, ERROR_TYPE, GEN_AI, LLM, operationName, TOLLGATE } from './names.ts'
import { failureMessage } from './redact.ts'
import { responseBody } from './response-body.ts'
import {
  attemptAttributes,
  callAttributes,
  callResultAttributes,
  decisionAttributes,
  deploymentAttributes,
  resultAttributes,
  samplingAttributes,
} from './span-attributes.ts'
import { parseTraceparent, traceIds, traceparentHeaders } from './trace-context.ts'

export interface TraceOptions {
  /** Absent: no spans are made, and calls have trace ids all the same. */
  readonly tracer?: Tracer | undefined
  readonly clock?: Clock
  /**
   * What a call's own span is. `server` in the gateway, where calls come from other processes: backends then draw the
   * edge from client to gateway. `internal` (default) in the library, where the caller is in the same process. Attempts
   * are `client` in either: each is one request to one provider, and is what the conventions call an inference span.
   */
  readonly kind?: 'server' | 'internal'
  /** Put prompts and answers into attempt spans (`gen_ai.input.messages`), where the rules allow it. Default false. */
  readonly captureContent?: boolean
  /** What spans may hold. Default: everything else. */
  readonly rules?: LoggingRules
  /** More attributes for a finished attempt, such as `llm.budget.exceeded`. */
  readonly extraAttributes?: (attempt: Attempt) => Attributes | undefined
  /** Gives a trace id of 32 hexadecimal digits to calls that have none. Default: random. */
  readonly newTraceId?: () => string
}

/** The spans of calls. All members may be taken apart and passed on alone. */
export interface CallTraces {
  readonly listener: Listener
  /** Headers (names and values, alternating) that continue the trace at the upstream; empty when nothing is traced. */
  readonly traceHeaders: (attempt: Attempt) => readonly string[]
  /** The trace a call belongs to: of its span, else of the caller's valid `traceparent`, else its own. Never changes. */
  readonly traceIdOf: (call: Call) => string
  /** Whether the call's spans are recorded: it is neither sampled out nor without a tracer. */
  readonly isTraced: (call: Call) => boolean
}

const NO_SPANS = { listener: () => {}, traceHeaders: () => [], isTraced: () => false }

/** One span per call, with a child for each decision and each attempt. */
export function traceCalls(options: TraceOptions = {}): CallTraces {
  const { tracer, newTraceId = traceIds() } = options
  const ids = (call: Call) => traceIdOf(call, newTraceId)
  if (!tracer) return { ...NO_SPANS, traceIdOf: ids }
  const spans = new CallSpans(tracer, options)
  return {
    listener: event => spans.on(event),
    traceHeaders: attempt => spans.headers(attempt),
    traceIdOf: ids,
    isTraced: call => recording(call) !== undefined,
  }
}

class CallSpans {
  readonly #tracer: Tracer
  readonly #options: TraceOptions
  readonly #clock: Clock
  readonly #kind: SpanKind
  readonly #rules: LoggingRules
  readonly #deployments = new WeakMap<Deployment, Attributes>()

  constructor(tracer: Tracer, options: TraceOptions) {
    this.#tracer = tracer
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#rules = options.rules ?? DEFAULT_LOGGING
    this.#kind = options.kind === 'server' ? SpanKind.SERVER : SpanKind.INTERNAL
  }

  on(event: Event): void {
    if (event.type === 'call-start') this.#startCall(event.call)
    else if (event.type === 'route') this.#route(event.call, event.decision)
    else if (event.type === 'attempt-start') this.#startAttempt(event.attempt)
    else if (event.type === 'attempt-end') this.#endAttempt(event.attempt, event.end)
    else if (event.type === 'call-end') this.#endCall(event.call, event.end)
  }

  headers({ record, attempt }: Attempt): readonly string[] {
    const spans = spansOf(record)
    return spans ? traceparentHeaders((spans.of(attempt) ?? spans.span).spanContext()) : []
  }

  /**
   * Until the sampler has said yes nothing is reckoned but the two attributes it may ask for: nine of ten calls may be
   * sampled out.
   */
  #startCall(call: Call): void {
    const known = spansOf(call.record)
    if (known) {
      known.open++
      return
    }
    if (isMuted('otel', call, this.#rules)) return
    const parent = (call.copyOf && spansOf(call.copyOf)?.childContext()) ?? parentOf(call)
    const span = this.#tracer.startSpan(
      `${operationName(call.request.operation)} ${call.record.requestedPool}`,
      {
        // Nobody has called for a probe.
        kind: call.purpose === 'probe' ? SpanKind.INTERNAL : this.#kind,
        startTime: wallTime(call.record, call.record.start),
        attributes: samplingAttributes(call),
      },
      parent,
    )
    if (!isOurs(span.spanContext(), parent)) return
    call.record.trace = new SpanTrace(span, parent)
    if (span.isRecording()) span.setAttributes(callAttributes(call, this.#rules))
  }

  #route(call: Call, decision: Decision): void {
    const spans = recording(call)
    if (!spans) return
    const now = wallTime(call.record, this.#clock.monotonic())
    const attributes = decisionAttributes(decision, call)
    this.#tracer.startSpan('llm.route', { startTime: now, attributes }, spans.childContext()).end(now)
  }

  #startAttempt(attempt: Attempt): void {
    const spans = recording(attempt)
    if (!spans) return
    const span = this.#tracer.startSpan(
      'llm.completion',
      {
        kind: SpanKind.CLIENT,
        startTime: wallTime(attempt.record, attempt.attempt.start),
        attributes: this.#about(attempt.deployment),
      },
      spans.childContext(),
    )
    span.setAttributes(attemptAttributes(attempt))
    if (this.#showsContent(attempt)) span.setAttribute(GEN_AI.inputMessages, inputMessages(attempt.request.body))
    spans.add(attempt.attempt, span)
  }

  #endAttempt(attempt: Attempt, end: End): void {
    const span = spansOf(attempt.record)?.of(attempt.attempt)
    if (!span) return
    span.setAttributes(resultAttributes(attempt.attempt))
    const { response } = attempt.attempt
    if (response && this.#showsContent(attempt)) {
      span.setAttribute(GEN_AI.outputMessages, outputMessages(responseBody(response, attempt.request.streamed)))
    }
    const extra = this.#options.extraAttributes?.(attempt)
    if (extra) span.setAttributes(extra)
    if (end.outcome === 'failed') span.updateName('llm.completion.error')
    this.#tellFailure(span, end, [attempt.deployment])
    span.end(wallTime(attempt.record, attempt.attempt.endedAt ?? this.#clock.monotonic()))
  }

  #endCall(call: Call, end: End): void {
    const spans = spansOf(call.record)
    if (!spans || --spans.open > 0 || !spans.span.isRecording()) return
    const { record } = call
    const { span } = spans
    span.setAttributes(callResultAttributes(record, end.outcome))
    const tried = record.attempts.map(attempt => attempt.deployment)
    this.#tellFailure(span, end, tried)
    span.end(wallTime(record, this.#clock.monotonic()))
  }

  #showsContent(attempt: Attempt): boolean {
    return this.#options.captureContent === true && mayTellContent(attempt, this.#rules)
  }

  /** A reader who leaves is no error of anybody; why it left is told all the same. */
  #tellFailure(span: Span, { outcome, failure }: End, tried: readonly Deployment[]): void {
    if (!failure) return
    const message = failureMessage(failure, tried, this.#rules)
    span.setAttributes({ [ERROR_TYPE]: failure.kind, [ERROR_MESSAGE]: message })
    if (failure.verdict.type === 'budget_exceeded') span.setAttribute(LLM.budgetExceeded, true)
    if (failure.upstreamStatus !== undefined) span.setAttribute(TOLLGATE.upstreamStatus, failure.upstreamStatus)
    if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message })
  }

  #about(deployment: Deployment): Attributes {
    let attributes = this.#deployments.get(deployment)
    if (!attributes) {
      attributes = deploymentAttributes(deployment)
      this.#deployments.set(deployment, attributes)
    }
    return attributes
  }
}

/** Undefined when the call is not traced, or sampled out: then its children need not be made either. */
function recording({ record }: Call): SpanTrace | undefined {
  const spans = spansOf(record)
  return spans?.span.isRecording() ? spans : undefined
}

/**
 * The caller's span: of this process when one is active and does not contradict the caller's `traceparent`, else the one
 * that `traceparent` names, else none.
 */
function parentOf(call: Call): Context {
  const active = context.active()
  const remote = parseTraceparent(call.options.traceparent, call.options.tracestate)
  if (!remote || trace.getSpanContext(active)?.traceId === remote.traceId) return active
  return trace.setSpanContext(active, remote)
}

/** A tracer without an SDK gives back the parent's span, or none. */
function isOurs(span: SpanContext, parent: Context): boolean {
  return trace.isSpanContextValid(span) && span.spanId !== trace.getSpanContext(parent)?.spanId
}

/** A moment of a call as OpenTelemetry wants it. Numbers would be read as milliseconds since the process began. */
function wallTime(record: CallRecord, at: Ms): HrTime {
  const epochMs = record.startedAt + (at - record.start)
  const seconds = Math.floor(epochMs / 1000)
  return [seconds, Math.round((epochMs - seconds * 1000) * 1_000_000)]
}
