import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { Failure } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import * as scripted from './scripted-call.ts'
import { failover, rig } from './traced-call.ts'

test('a call is a span with its decisions and attempts as children, in one trace', async () => {
  const it = rig()
  failover(it)
  const spans = await it.spans()
  const root = await it.span('chat fast-model')
  expect(spans.map(span => span.name)).toEqual([
    'llm.route',
    'llm.completion.error',
    'llm.route',
    'llm.completion',
    'chat fast-model',
  ])
  for (const span of spans) expect(span.spanContext().traceId).toBe(root.spanContext().traceId)
  for (const span of spans.slice(0, 4)) expect(span.parentSpanContext?.spanId).toBe(root.spanContext().spanId)
  expect(spans.map(span => span.kind)).toEqual([0, SpanKind.CLIENT, 0, SpanKind.CLIENT, SpanKind.INTERNAL])
})

test('an answered attempt carries the stable names, the conventions and our own', async () => {
  const it = rig()
  failover(it, { options: { strategyLabel: 'cost-aware' }, body: { stream: true, temperature: 0.2, n: 2, stop: 'x' } })
  expect((await it.span('llm.completion')).attributes).toEqual({
    'llm.provider': 'anthropic',
    'llm.model': 'claude-3-5-haiku-20241022',
    'llm.input_tokens': 20,
    'llm.output_tokens': 15,
    'llm.cost_usd': 0.000076,
    'llm.latency_ms': 250.25,
    'llm.routing_strategy': 'cost-aware',
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-3-5-haiku-20241022',
    'gen_ai.request.stream': true,
    'gen_ai.request.temperature': 0.2,
    'gen_ai.request.choice.count': 2,
    'gen_ai.request.stop_sequences': ['x'],
    'gen_ai.response.id': 'msg_1',
    'gen_ai.response.model': 'claude-3-5-haiku',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.response.time_to_first_chunk': 0.05,
    'gen_ai.usage.input_tokens': 20,
    'gen_ai.usage.output_tokens': 15,
    'gen_ai.usage.cache_read.input_tokens': 5,
    'gen_ai.usage.reasoning.output_tokens': 3,
    'gen_ai.usage.cost.amount': 0.000076001,
    'gen_ai.usage.cost.currency': 'USD',
    'gen_ai.usage.cost.source': 'local',
    'server.address': 'api.anthropic.com',
    'server.port': 443,
    'tollgate.call.id': 'call-1',
    'tollgate.attempt.number': 2,
    'tollgate.attempt.purpose': 'answer',
    'tollgate.attempt.outcome': 'complete',
    'tollgate.deployment.id': 'anthropic-1',
    'tollgate.pool': 'capable-model',
    'tollgate.fallback': true,
    'tollgate.usage.estimated': false,
    'tollgate.cost.nano_usd': 76_001,
    'tollgate.cost.unpriced': false,
  })
})

test('a failed attempt is an error span that says why', async () => {
  const it = rig()
  failover(it)
  const span = await it.span('llm.completion.error')
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'openai/gpt-4o-mini: 429 slow down' })
  expect(span.attributes).toMatchObject({
    'error.type': 'rate_limited',
    'error.message': 'openai/gpt-4o-mini: 429 slow down',
    'tollgate.upstream.status': 429,
    'llm.model': 'gpt-4o-mini',
    'llm.latency_ms': 100,
    'llm.routing_strategy': 'latency-based-routing',
    'tollgate.fallback': false,
  })
})

test('the decision tells the candidates with scores and exclusions, and the classification', async () => {
  const it = rig()
  const call = scripted.call(it.clock, it.emit, { pool: 'auto' })
  call.record.classification = { task: 'math', by: 'rules', reason: '"calculate"', confidence: 0.9 }
  it.emit({ type: 'call-start', call })
  const estimate = { inputTokens: 7, outputTokens: 256, cost: 154_650n }
  const considered = [
    { deployment: scripted.HAIKU, excluded: 'rests until 12:00:30' },
    { deployment: scripted.deployment(), score: 412, note: '412 ms p50', estimate },
    { deployment: scripted.deployment({ id: 'a "b"' }), score: Number.POSITIVE_INFINITY, note: '"n"' },
  ]
  scripted.begin(call, it.clock, scripted.decision(scripted.deployment(), { considered }))
  const { attributes } = await it.span('llm.route')
  expect(attributes).toMatchObject({
    'tollgate.pool': 'fast-model',
    'tollgate.route.strategy': 'latency-based-routing',
    'tollgate.route.chosen': 'openai/gpt-4o-mini',
    'tollgate.route.reason': 'openai/gpt-4o-mini is the fastest',
    'tollgate.classification.task': 'math',
    'tollgate.classification.confidence': 0.9,
  })
  expect(JSON.parse(String(attributes['tollgate.route.candidates']))).toEqual([
    { id: 'anthropic-1', name: 'anthropic/claude-3-5-haiku-20241022', excluded: 'rests until 12:00:30' },
    { id: 'openai-1', name: 'openai/gpt-4o-mini', score: 412, note: '412 ms p50', estimated_cost_usd: 0.00015465 },
    { id: 'a "b"', name: 'openai/gpt-4o-mini', score: null, note: '"n"' },
  ])
})

test('the call span sums up without repeating what attempts carry', async () => {
  const it = rig({ kind: 'server' })
  failover(it)
  const span = await it.span('chat fast-model')
  expect(span.kind).toBe(SpanKind.SERVER)
  expect(span.attributes).toMatchObject({
    'tollgate.call.cost.nano_usd': 76_001,
    'tollgate.call.fallbacks': 1,
    'tollgate.call.attempts': 2,
    'tollgate.call.outcome': 'complete',
  })
  const repeated = ['llm.cost_usd', 'llm.input_tokens', 'gen_ai.usage.input_tokens', 'tollgate.cost.nano_usd']
  for (const name of repeated) expect(span.attributes).not.toHaveProperty([name])
})

test('span times are those of the records, to the microsecond', async () => {
  const it = rig()
  failover(it)
  const span = await it.span('llm.completion')
  expect(span.startTime).toEqual([scripted.STARTED_AT / 1000, 120_000_000])
  expect(span.duration).toEqual([0, 250_250_000])
  expect((await it.span('chat fast-model')).duration).toEqual([0, 370_250_000])
})

test('an abandoned attempt is no error', async () => {
  const it = rig()
  const call = scripted.call(it.clock, it.emit)
  it.emit({ type: 'call-start', call })
  const attempt = scripted.begin(call, it.clock, scripted.decision(scripted.HAIKU))
  const failure = new Failure('cancelled', 'the client left')
  scripted.finish(attempt, it.clock, { outcome: 'abandoned', failure })
  const span = await it.span('llm.completion')
  expect(span.status.code).toBe(SpanStatusCode.UNSET)
  expect(span.attributes).toMatchObject({
    'error.type': 'cancelled',
    'tollgate.attempt.outcome': 'abandoned',
    'tollgate.cost.unpriced': false,
  })
})

test('only what was used and has no price is unpriced', async () => {
  const it = rig()
  const call = scripted.call(it.clock, it.emit)
  it.emit({ type: 'call-start', call })
  const attempt = scripted.begin(call, it.clock, scripted.decision(scripted.HAIKU))
  const usage = { inputTokens: 20, outputTokens: 15 }
  scripted.finish(attempt, it.clock, { outcome: 'complete', usage }, { usage })
  const { attributes } = await it.span('llm.completion')
  expect(attributes).toMatchObject({ 'llm.input_tokens': 20, 'tollgate.cost.unpriced': true })
  expect(attributes).not.toHaveProperty('llm.cost_usd')
})

test('a classifying call on the same record hangs beneath the call that it serves', async () => {
  const it = rig()
  const call = scripted.call(it.clock, it.emit)
  const classify = scripted.call(it.clock, it.emit, { id: 'call-2', purpose: 'classify', record: call.record })
  it.emit({ type: 'call-start', call })
  it.emit({ type: 'call-start', call: classify })
  const attempt = scripted.begin(classify, it.clock, scripted.decision(scripted.HAIKU), 'classify')
  scripted.finish(attempt, it.clock, { outcome: 'complete' })
  it.emit({ type: 'call-end', call: classify, end: { outcome: 'complete' } })
  expect((await it.spans()).map(span => span.name)).toEqual(['llm.route', 'llm.completion'])
  it.emit({ type: 'call-end', call, end: { outcome: 'complete' } })
  const root = await it.span('chat fast-model')
  const completion = await it.span('llm.completion')
  expect(completion.parentSpanContext?.spanId).toBe(root.spanContext().spanId)
  expect(completion.attributes['tollgate.attempt.purpose']).toBe('classify')
})

test('prompts are captured only when asked for', async () => {
  const quiet = rig()
  failover(quiet)
  const told = rig({ captureContent: true })
  failover(told)
  expect(JSON.stringify((await quiet.spans()).map(span => span.attributes))).not.toContain('2+2')
  expect(JSON.parse(String((await told.span('llm.completion')).attributes['gen_ai.input.messages']))).toEqual([
    { role: 'user', parts: [{ type: 'text', content: 'What is 2+2?' }] },
  ])
})

test('no secret reaches a span', async () => {
  const key = 'Kq3vX9mZ7bT1nR5wY8cF2hJ6dL4gS0pAeUiOxWzV'
  const it = rig({ captureContent: true })
  const deployment = scripted.deployment({ apiKey: new Secret(key), headers: { 'x-api-key': new Secret(key) } })
  const call = scripted.call(it.clock, it.emit)
  it.emit({ type: 'call-start', call })
  const attempt = scripted.begin(call, it.clock, scripted.decision(deployment))
  const cause = new Error(`Bearer ${key}`)
  const failure = new Failure('refused_credentials', `wrong key ${key} (${btoa(key)})`, { cause })
  scripted.finish(attempt, it.clock, { outcome: 'failed', failure })
  it.emit({ type: 'call-end', call, end: { outcome: 'failed', failure } })
  const spans = await it.spans()
  const everything = JSON.stringify(
    spans.map(({ name, attributes, status, events }) => [name, attributes, status, events]),
  )
  expect(spans).toHaveLength(3)
  expect(everything).toContain('wrong key ***')
  for (const form of [key, btoa(key), key.slice(0, 12)]) expect(everything).not.toContain(form)
})

test('extra attributes of the operator are added at the end', async () => {
  const it = rig({ extraAttributes: attempt => ({ 'llm.budget.exceeded': (attempt.attempt.cost ?? 0n) > 1n }) })
  failover(it)
  expect((await it.span('llm.completion')).attributes['llm.budget.exceeded']).toBe(true)
  expect((await it.span('llm.completion.error')).attributes['llm.budget.exceeded']).toBe(false)
})
