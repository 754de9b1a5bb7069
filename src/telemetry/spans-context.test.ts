import { context, trace } from '@opentelemetry/api'
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import * as scripted from './scripted-call.ts'
import { traceCalls } from './spans.ts'
import { failover, rig } from './traced-call.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`

test("the caller's trace is continued, and goes on to the upstream", async () => {
  const it = rig()
  const { attempts } = failover(it, { options: { traceparent: TRACEPARENT, tracestate: 'vendor=1' } })
  const root = await it.span('chat fast-model')
  const completion = await it.span('llm.completion')
  expect(root.spanContext().traceId).toBe(TRACE)
  expect(root.parentSpanContext?.spanId).toBe(PARENT)
  expect(attempts[1] && it.traces.traceHeaders(attempts[1])).toEqual([
    'traceparent',
    `00-${TRACE}-${completion.spanContext().spanId}-01`,
    'tracestate',
    'vendor=1',
  ])
})

test('an invalid traceparent begins a new trace', async () => {
  const it = rig()
  failover(it, { options: { traceparent: `00-${'0'.repeat(32)}-${PARENT}-01` } })
  const root = await it.span('chat fast-model')
  expect(root.parentSpanContext).toBeUndefined()
  expect(trace.isSpanContextValid(root.spanContext())).toBe(true)
})

test('the SDK decides what is sampled: nothing is exported, and the upstream is told so', async () => {
  const it = rig({}, new AlwaysOffSampler())
  const { attempts } = failover(it)
  expect(await it.spans()).toEqual([])
  const [attempt] = attempts
  const headers = attempt ? it.traces.traceHeaders(attempt) : []
  expect(headers[1]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  expect(attempt && it.traces.traceIdOf(attempt)).toBe(headers[1]?.slice(3, 35))
})

test.each([
  ['no tracer', undefined],
  ['a tracer without an SDK', trace.getTracer('none')],
])('with %s a call still has one trace id, and no headers go out', (_, tracer) => {
  const clock = scripted.manualClock()
  const traces = traceCalls({ tracer, clock })
  const own = scripted.call(clock, traces.listener)
  const given = scripted.call(clock, traces.listener, { options: { traceparent: TRACEPARENT } })
  for (const call of [own, given]) traces.listener({ type: 'call-start', call })
  const attempt = scripted.begin(given, clock, scripted.decision(scripted.HAIKU))
  expect(traces.traceIdOf(own)).toMatch(/^[0-9a-f]{32}$/)
  expect(traces.traceIdOf({ ...own, pool: 'other' })).toBe(traces.traceIdOf(own))
  expect(traces.traceIdOf(given)).toBe(TRACE)
  expect(traces.traceHeaders(attempt)).toEqual([])
})

test('nothing is left active after an event', () => {
  const it = rig()
  failover(it)
  expect(trace.getSpan(context.active())).toBeUndefined()
})
