import { context, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import type { AttributeLimits } from './attribute-limits.ts'
import { LeanTracer, type SpanStarter } from './lean-tracer.ts'
import { type IsSampled, samplingOf } from './sampling.ts'
import * as scripted from './scripted-call.ts'
import { traceCalls } from './spans.ts'
import { failover } from './traced-call.ts'

const PARENT: SpanContext = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
}

interface LeanRig {
  readonly tracer: SpanStarter
  readonly spans: readonly ReadableSpan[]
}

function lean(isSampled: IsSampled = () => true, parentBased = true, limits?: AttributeLimits): LeanRig {
  const spans: ReadableSpan[] = []
  const resource = resourceFromAttributes({ 'service.name': 'test' })
  const pipeline = { resource, onEnd: (span: ReadableSpan) => void spans.push(span) }
  return { tracer: new LeanTracer('test', { isSampled, parentBased, pipeline, limits }), spans }
}

function sdk(): LeanRig & { readonly flush: () => Promise<void> } {
  const exporter = new InMemorySpanExporter()
  const resource = resourceFromAttributes({ 'service.name': 'test' })
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporter)] })
  return {
    tracer: provider.getTracer('test'),
    get spans() {
      return exporter.getFinishedSpans()
    },
    flush: () => provider.forceFlush(),
  }
}

/** All that an exporter reads of a span, but for ids, which are random. */
function view(span: ReadableSpan): object {
  const { name, kind, startTime, endTime, duration, status, attributes, links, events, ended } = span
  const { instrumentationScope, resource, droppedAttributesCount, droppedEventsCount, droppedLinksCount } = span
  return {
    ...{ name, kind, startTime, endTime, duration, status, attributes, links, events, ended },
    ...{ droppedAttributesCount, droppedEventsCount, droppedLinksCount, resource: resource.attributes },
    ...{ scope: instrumentationScope.name, parent: span.parentSpanContext && 'there' },
  }
}

test.each([
  ['a call of its own', {}],
  ['a call of a trace', { traceparent: `00-${PARENT.traceId}-${PARENT.spanId}-01`, tracestate: 'vendor=1' }],
])("%s has the same spans as with the SDK's tracer", async (_, options) => {
  const theirs = sdk()
  const ours = lean()
  for (const { tracer } of [theirs, ours]) {
    const clock = scripted.manualClock()
    const traces = traceCalls({ tracer, clock, captureContent: true })
    const extra = { temperature: 0.2, stop: ['x'], response_format: { type: 'json_object' } }
    const body = { messages: [{ role: 'user', content: 'hi' }], ...extra }
    const none = async () => [] as ReadableSpan[]
    failover(
      { clock, emit: traces.listener, traces, spans: none, span: async () => Promise.reject() },
      { options, body },
    )
  }
  await theirs.flush()
  expect(ours.spans.map(view)).toEqual(theirs.spans.map(view))
  expect(ours.spans.map(span => span.spanContext().traceState?.serialize())).toEqual(
    theirs.spans.map(span => span.spanContext().traceState?.serialize()),
  )
  const root = ours.spans.at(-1)?.spanContext()
  for (const span of ours.spans.slice(0, -1)) expect(span.parentSpanContext?.spanId).toBe(root?.spanId)
  expect(new Set(ours.spans.map(span => span.spanContext().traceId))).toEqual(new Set([root?.traceId]))
  expect(new Set(ours.spans.map(span => span.spanContext().spanId)).size).toBe(5)
})

test('a share of traces is kept, and the same ones as elsewhere', () => {
  const sampler = new TraceIdRatioBasedSampler(0.25)
  const { tracer, spans } = lean(samplingOf({ sampler: 'traceidratio', samplerRatio: 0.25 }))
  for (let count = 0; count < 4_000; count++) {
    const span = tracer.startSpan('one', {}, ROOT_CONTEXT)
    const { traceId, traceFlags } = span.spanContext()
    expect(span.isRecording()).toBe(traceFlags === TraceFlags.SAMPLED)
    expect(span.isRecording()).toBe(sampler.shouldSample(ROOT_CONTEXT, traceId).decision === 2)
    span.end()
  }
  expect(spans.length).toBeGreaterThan(800)
  expect(spans.length).toBeLessThan(1_200)
})

test.each([
  [true, TraceFlags.SAMPLED, new AlwaysOffSampler()],
  [true, TraceFlags.NONE, new AlwaysOnSampler()],
  [false, TraceFlags.SAMPLED, new AlwaysOffSampler()],
  [false, TraceFlags.NONE, new AlwaysOnSampler()],
])('with parentBased %s and the parent sampled %s it decides as the SDK does', (parentBased, traceFlags, root) => {
  const { tracer } = lean(() => root instanceof AlwaysOnSampler, parentBased)
  const sampler = parentBased ? new ParentBasedSampler({ root }) : root
  const theirs = new BasicTracerProvider({ sampler }).getTracer('test')
  const parent = trace.setSpanContext(ROOT_CONTEXT, { ...PARENT, traceFlags })
  const [own, expected] = [tracer, theirs].map(each => each.startSpan('one', {}, parent).spanContext())
  expect(own).toMatchObject({ traceId: PARENT.traceId, traceFlags: expected?.traceFlags })
})

test('attributes that it was started with are not changed', () => {
  const { tracer, spans } = lean()
  const attributes = Object.freeze({ a: 1, b: 2 })
  const span = tracer.startSpan('one', { attributes }, context.active())
  span.setAttribute('a', 3).setAttributes({ c: 4 }).end()
  expect(spans[0]?.attributes).toEqual({ a: 3, b: 2, c: 4 })
})

test('the limits of the environment hold', () => {
  const { tracer, spans } = lean(() => true, true, { count: 2, valueLength: 3 })
  tracer
    .startSpan('one')
    .setAttributes({ a: 'abcdef', b: ['abcdef', 'x'], c: 1 })
    .end()
  expect(spans[0]).toMatchObject({ attributes: { a: 'abc', b: ['abc', 'x'] }, droppedAttributesCount: 1 })
  expect(Object.keys(spans[0]?.attributes ?? {})).toEqual(['a', 'b'])
})

test('a span ends once, and holds what happened meanwhile', () => {
  const { tracer, spans } = lean()
  const span = tracer.startSpan('one', { startTime: new Date(1_000) })
  span.addEvent('told', { a: 1 }, 1_500).addLink({ context: PARENT }).recordException(new Error('broken'), [1, 6])
  span.end([2, 500])
  span.end([3, 0])
  expect(spans).toHaveLength(1)
  expect(spans[0]).toMatchObject({
    startTime: [1, 0],
    endTime: [2, 500],
    duration: [1, 500],
    links: [{ context: PARENT }],
  })
  expect(spans[0]?.events).toMatchObject([
    { name: 'told', attributes: { a: 1 }, time: [1, 500_000_000] },
    { name: 'exception', attributes: { 'exception.message': 'broken' }, time: [1, 6] },
  ])
})
