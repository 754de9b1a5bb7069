import {
  type Attributes,
  type AttributeValue,
  type Context,
  context,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { type AttributeLimits, limited } from './attribute-limits.ts'
import type { Pipeline } from './late-pipeline.ts'
import type { IsSampled } from './sampling.ts'
import { hexIds } from './trace-context.ts'

/** The part of a tracer that calls need. */
export type SpanStarter = Pick<Tracer, 'startSpan'>

export interface LeanTracerOptions {
  /** Decides of spans without a parent, and unless `parentBased` of all others. */
  readonly isSampled: IsSampled
  /** A span with a parent is sampled if that one is. */
  readonly parentBased: boolean
  /** Given every finished span that is sampled. It is told of no start. */
  readonly pipeline: Pick<Pipeline, 'onEnd' | 'resource'>
  /** Undefined: none. Calls have half as many attributes as OpenTelemetry allows by default. */
  readonly limits: AttributeLimits | undefined
}

/** What all spans of a tracer have in common. */
interface Common extends LeanTracerOptions {
  readonly scope: ReadableSpan['instrumentationScope']
}

const NO_ATTRIBUTES: Attributes = {}

/**
 * Makes spans for OpenTelemetry's processors and exporters, for callers that can be trusted: values of attributes are taken
 * as they are, and so are the objects that hold them. A call that is sampled out costs 0.7 µs instead of 1.6, the three spans
 * of one that is not 9 instead of 28, and their export 22 instead of 33: what the SDK's spans hold are hash tables by then.
 */
export class LeanTracer implements SpanStarter {
  readonly #common: Common
  readonly #nextTraceId = hexIds(16)
  readonly #nextSpanId = hexIds(8)

  constructor(name: string, options: LeanTracerOptions) {
    this.#common = { ...options, scope: { name } }
  }

  startSpan(name: string, options: SpanOptions = {}, parentContext: Context = context.active()): Span {
    const parent = options.root ? undefined : validParent(parentContext)
    const { kind = SpanKind.INTERNAL, attributes = NO_ATTRIBUTES, startTime } = options
    const traceId = parent ? parent.traceId : this.#nextTraceId()
    const spanId = this.#nextSpanId()
    const { isSampled, parentBased } = this.#common
    const traceFlags =
      parent && parentBased
        ? parent.traceFlags & TraceFlags.SAMPLED
        : isSampled(traceId)
          ? TraceFlags.SAMPLED
          : TraceFlags.NONE
    const own: SpanContext = parent?.traceState
      ? { traceId, spanId, traceFlags, traceState: parent.traceState }
      : { traceId, spanId, traceFlags }
    if (traceFlags === TraceFlags.NONE) return trace.wrapSpanContext(own)
    return new LeanSpan(this.#common, own, { name, kind, attributes, startTime: timeOf(startTime), parent })
  }
}

function validParent(parentContext: Context): SpanContext | undefined {
  const parent = trace.getSpanContext(parentContext)
  return parent && trace.isSpanContextValid(parent) ? parent : undefined
}

interface Beginning {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  readonly startTime: HrTime
  readonly parent: SpanContext | undefined
}

class LeanSpan implements Span, ReadableSpan {
  readonly kind: SpanKind
  readonly startTime: HrTime
  readonly parentSpanContext?: SpanContext
  readonly links: Link[] = []
  readonly events: ReadableSpan['events'] = []
  readonly droppedEventsCount = 0
  readonly droppedLinksCount = 0
  droppedAttributesCount = 0
  name: string
  endTime: HrTime = [0, 0]
  status: SpanStatus = { code: SpanStatusCode.UNSET }
  ended = false
  /** At first those that it was started with, which are not its own to change. */
  attributes: Attributes
  readonly #common: Common
  readonly #context: SpanContext

  constructor(common: Common, own: SpanContext, { name, kind, attributes, startTime, parent }: Beginning) {
    this.#common = common
    this.#context = own
    this.name = name
    this.kind = kind
    this.attributes = attributes
    this.startTime = startTime
    if (parent) this.parentSpanContext = parent
  }

  get resource(): ReadableSpan['resource'] {
    return this.#common.pipeline.resource
  }

  get instrumentationScope(): ReadableSpan['instrumentationScope'] {
    return this.#common.scope
  }

  get duration(): HrTime {
    return durationOf(this.startTime, this.endTime)
  }

  spanContext(): SpanContext {
    return this.#context
  }

  isRecording(): boolean {
    return !this.ended
  }

  setAttribute(name: string, value: AttributeValue): this {
    return this.setAttributes({ [name]: value })
  }

  /** The object becomes the span's own: those that it has already and that are not among these are added to it. */
  setAttributes(attributes: Attributes): this {
    const before = this.attributes
    for (const name in before) if (!(name in attributes)) attributes[name] = before[name]
    this.attributes = attributes
    return this
  }

  setStatus(status: SpanStatus): this {
    this.status = status
    return this
  }

  updateName(name: string): this {
    this.name = name
    return this
  }

  addEvent(name: string, attributes?: Attributes | TimeInput, time?: TimeInput): this {
    const own = isTime(attributes) ? { time: attributes, attributes: {} } : { time, attributes: attributes ?? {} }
    this.events.push({ name, attributes: own.attributes, time: timeOf(own.time), droppedAttributesCount: 0 })
    return this
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const message = typeof exception === 'string' ? exception : String(exception.message ?? exception.name)
    this.addEvent('exception', { 'exception.message': message }, time)
  }

  addLink(link: Link): this {
    this.links.push(link)
    return this
  }

  addLinks(links: Link[]): this {
    this.links.push(...links)
    return this
  }

  end(endTime?: TimeInput): void {
    if (this.ended) return
    const { limits } = this.#common
    if (limits) this.#limit(limits)
    this.endTime = timeOf(endTime)
    this.ended = true
    this.#common.pipeline.onEnd(this)
  }

  #limit(limits: AttributeLimits): void {
    const { length } = Object.keys(this.attributes)
    this.attributes = limited(this.attributes, limits)
    this.droppedAttributesCount = Math.max(0, length - limits.count)
  }
}

function isTime(value: Attributes | TimeInput | undefined): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value)
}

/** Numbers are milliseconds since 1970. */
function timeOf(time: TimeInput = Date.now()): HrTime {
  if (Array.isArray(time)) return time
  const milliseconds = typeof time === 'number' ? time : time.getTime()
  const seconds = Math.floor(milliseconds / 1000)
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1_000_000)]
}

function durationOf([startSeconds, startNanos]: HrTime, [endSeconds, endNanos]: HrTime): HrTime {
  const nanos = endNanos - startNanos
  return nanos < 0 ? [endSeconds - startSeconds - 1, nanos + 1_000_000_000] : [endSeconds - startSeconds, nanos]
}
