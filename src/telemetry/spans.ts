import {
  type Attributes,
  type Context,
  context,
  INVALID_SPANID,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { End } from '../core/answer.ts'
import type { Attempt, AttemptRecord, Call } from '../core/call.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { Decision } from '../core/decision.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Event } from '../core/event.ts'
import { DEFAULT_LOGGING, isMuted, type LoggingRules, mayTellContent } from '../core/logging.ts'
import { failureText } from './call-line.ts'
import { SpanTrace, spansOf, traceIdOf, wallTime } from './call-trace.ts'
import type { SpanStarter } from './lean-tracer.ts'
import type { Listener } from './listeners.ts'
import { inputMessages, outputMessages } from './message-content.ts'
import { GEN_AI, operationName } from './names.ts'
import { responseBody } from './response-body.ts'
import {
  attemptAttributes,
  callAttributes,
  decisionAttributes,
  deploymentAttributes,
  type SpanAttributes,
  samplingAttributes,
} from './span-attributes.ts'
import { hexIds, parseTraceparent, traceparentHeaders } from './trace-context.ts'

export interface TraceOptions {
  /** Absent: no spans are made, and calls have trace ids all the same. */
  readonly tracer?: SpanStarter | undefined
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
  const { tracer, newTraceId = hexIds(16) } = options
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
  readonly #tracer: SpanStarter
  readonly #options: TraceOptions
  readonly #clock: Clock
  readonly #kind: SpanKind
  readonly #rules: LoggingRules
  readonly #deployments = new WeakMap<Deployment, SpanAttributes>()

  constructor(tracer: SpanStarter, options: TraceOptions) {
    this.#tracer = tracer
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#rules = options.rules ?? DEFAULT_LOGGING
    this.#kind = options.kind === 'server' ? SpanKind.SERVER : SpanKind.INTERNAL
  }

  on(event: Event): void {
    switch (event.type) {
      case 'call-start':
        return this.#startCall(event.call)
      case 'route':
        return this.#route(event.call, event.decision)
      case 'attempt-start':
        return this.#startAttempt(event.attempt)
      case 'attempt-end':
        return this.#endAttempt(event.attempt, event.end)
      case 'call-end':
        return this.#endCall(event.call, event.end)
    }
  }

  headers({ record, attempt }: Attempt): readonly string[] {
    const spans = spansOf(record)
    return spans ? traceparentHeaders((spans.of(attempt)?.span ?? spans.span).spanContext()) : []
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
    if (isOurs(span.spanContext(), parent)) call.record.trace = new SpanTrace(call, span, parent)
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
    if (this.#showsContent(attempt)) span.setAttribute(GEN_AI.inputMessages, inputMessages(attempt.request.body))
    spans.add(attempt.attempt, { span, fallbacks: attempt.record.fallbacks })
  }

  /** All that it says it is told at once, at its end: a third of the work of telling it by and by. */
  #endAttempt(attempt: Attempt, end: End): void {
    const known = spansOf(attempt.record)?.of(attempt.attempt)
    if (!known) return
    const { span, fallbacks } = known
    const attributes = attemptAttributes(attempt, { about: this.#about(attempt.deployment), fallbacks })
    const { response } = attempt.attempt
    if (response && this.#showsContent(attempt))
      attributes['gen_ai.output.messages'] = outputMessages(responseBody(response, attempt.request.streamed))
    Object.assign(attributes, this.#options.extraAttributes?.(attempt))
    if (end.outcome === 'failed') span.updateName('llm.completion.error')
    this.#tellFailure(span, end, { tried: [attempt.attempt], attributes })
    span.setAttributes(attributes)
    span.end(wallTime(attempt.record, attempt.attempt.endedAt ?? this.#clock.monotonic()))
  }

  #endCall({ record }: Call, end: End): void {
    const spans = spansOf(record)
    if (!spans || --spans.open > 0 || !spans.span.isRecording()) return
    const { call, span } = spans
    const attributes = callAttributes(call, end.outcome, this.#rules)
    this.#tellFailure(span, end, { tried: record.attempts, attributes })
    span.setAttributes(attributes)
    span.end(wallTime(record, this.#clock.monotonic()))
  }

  #showsContent(attempt: Attempt): boolean {
    return this.#options.captureContent === true && mayTellContent(attempt, this.#rules)
  }

  /** A reader who leaves is no error of anybody; why it left is told all the same. */
  #tellFailure(span: Span, { outcome, failure }: End, { tried, attributes }: Told): void {
    if (!failure) return
    const message = failureText(failure, tried, this.#rules)
    attributes['error.type'] = failure.kind
    attributes['error.message'] = message
    if (failure.verdict.type === 'budget_exceeded') attributes['llm.budget.exceeded'] = true
    if (failure.upstreamStatus !== undefined) attributes['tollgate.upstream.status'] = failure.upstreamStatus
    if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message })
  }

  #about(deployment: Deployment): SpanAttributes {
    let attributes = this.#deployments.get(deployment)
    if (!attributes) {
      attributes = deploymentAttributes(deployment)
      this.#deployments.set(deployment, attributes)
    }
    return attributes
  }
}

/** What a span is going to say, and who was asked. */
interface Told {
  readonly tried: readonly AttemptRecord[]
  readonly attributes: SpanAttributes
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
function isOurs({ spanId }: SpanContext, parent: Context): boolean {
  return spanId !== INVALID_SPANID && spanId !== trace.getSpanContext(parent)?.spanId
}
