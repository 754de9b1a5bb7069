import { expect, test } from 'vitest'
import type { Attempt, Call } from '../core/call.ts'
import { plainCaller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import { Secret } from '../core/secret.ts'
import { type CallLine, callLine } from './call-line.ts'
import type { JsonLines } from './json-lines.ts'
import * as scripted from './scripted-call.ts'
import { callAttributes } from './span-attributes.ts'
import { writeCallLines } from './write-call-lines.ts'

const KEY = 'Kq3vX9mZ7bT1nR5wY8cF2hJ6dL4gS0pAeUiOxWzV'
const SLOW_DOWN = new Failure('rate_limited', `429 slow down, ${KEY}`, { cause: new Error(KEY) })
const silent = () => {}

function lineOf(call: Call, clock: scripted.ManualClock, end: Parameters<typeof callLine>[1]): CallLine {
  return callLine(call, end, { traceId: 'trace-1', runId: 'run-1', endedAt: clock.monotonic() })
}

function refused(call: Call, clock: scripted.ManualClock): Attempt {
  const deployment = scripted.deployment({ apiKey: new Secret(KEY) })
  const attempt = scripted.begin(call, clock, scripted.decision(deployment))
  clock.advance(100)
  scripted.finish(attempt, clock, { outcome: 'failed', failure: SLOW_DOWN }, { failure: SLOW_DOWN, cost: 0n })
  return attempt
}

test('an answered call after a fallback, in full', () => {
  const clock = scripted.manualClock()
  const metadata = { run_id: 'agent-7', step: 2 }
  const options = {
    tags: ['team-a'],
    metadata,
    strategyLabel: 'cost-aware',
    sessionId: 's-1',
    caller: plainCaller('k-1'),
  }
  const call = scripted.call(clock, silent, { options, body: { stream: true } })
  call.record.classification = { task: 'math', by: 'rules', reason: '"calculate"' }
  refused(call, clock)
  call.record.fallbacks = 1
  const attempt = scripted.begin(call, clock, scripted.decision(scripted.HAIKU, { because: 'fast-model failed' }))
  clock.advance(50)
  attempt.attempt.firstAt = clock.monotonic()
  clock.advance(200.5)
  const usage = { inputTokens: 20, outputTokens: 15, cacheReadTokens: 5, reasoningTokens: 3 }
  const told = { usage, cost: 76_001n, model: 'claude-3-5-haiku' }
  scripted.finish(attempt, clock, { outcome: 'complete', usage }, told)
  expect(lineOf(call, clock, { outcome: 'complete', usage })).toEqual({
    ts: '2026-11-20T12:00:00.000Z',
    run_id: 'agent-7',
    trace_id: 'trace-1',
    call_id: 'call-1',
    purpose: 'answer',
    pool: 'fast-model',
    model: 'claude-3-5-haiku',
    provider: 'anthropic',
    deployment: 'anthropic-1',
    routing_strategy: 'cost-aware',
    status: 'ok',
    error: null,
    latency_s: 0.3505,
    ttft_s: 0.15,
    cost_usd: 0.000076001,
    cost_nano_usd: 76_001,
    unpriced: false,
    prompt_tokens: 20,
    completion_tokens: 15,
    cached_tokens: 5,
    reasoning_tokens: 3,
    estimated: false,
    fallback_triggered: true,
    stream: true,
    tags: ['team-a'],
    metadata,
    session_id: 's-1',
    key_id: 'k-1',
    classification: { task: 'math', by: 'rules', reason: '"calculate"' },
    attempts: [
      {
        n: 1,
        id: 'call-1-1',
        purpose: 'answer',
        provider: 'openai',
        model: 'gpt-4o-mini',
        deployment: 'openai-1',
        pool: 'fast-model',
        status: 'error',
        error: 'rate_limited',
        error_message: '429 slow down, ***',
        latency_s: 0.1,
        ttft_s: null,
        cost_usd: 0,
        prompt_tokens: null,
        completion_tokens: null,
        estimated: false,
      },
      {
        n: 2,
        id: 'call-1-2',
        purpose: 'answer',
        provider: 'anthropic',
        model: 'claude-3-5-haiku',
        deployment: 'anthropic-1',
        pool: 'capable-model',
        status: 'ok',
        error: null,
        latency_s: 0.2505,
        ttft_s: 0.05,
        cost_usd: 0.000076001,
        prompt_tokens: 20,
        completion_tokens: 15,
        cached_tokens: 5,
        reasoning_tokens: 3,
        estimated: false,
      },
    ],
  })
})

test('a failed call has its line, with the model tried last and no secret', () => {
  const clock = scripted.manualClock()
  const call = scripted.call(clock, silent)
  refused(call, clock)
  const line = lineOf(call, clock, { outcome: 'failed', failure: SLOW_DOWN })
  expect(line).toMatchObject({
    run_id: 'run-1',
    status: 'error',
    error: 'rate_limited',
    model: 'gpt-4o-mini',
    prompt_tokens: null,
    cost_usd: 0,
  })
  expect(JSON.stringify(line)).not.toContain(KEY.slice(0, 12))
})

test('a call that nobody was asked for has its line', () => {
  const clock = scripted.manualClock()
  const failure = new Failure('over_budget', 'the key has spent its budget of $5')
  const line = lineOf(scripted.call(clock, silent), clock, { outcome: 'failed', failure })
  expect(line).toMatchObject({ model: null, provider: null, attempts: [], error: 'over_budget', latency_s: 0 })
})

test('a call that the client left is aborted, and keeps the cost of what was sent', () => {
  const clock = scripted.manualClock()
  const call = scripted.call(clock, silent)
  const attempt = scripted.begin(call, clock, scripted.decision(scripted.HAIKU))
  const usage = { inputTokens: 20, outputTokens: 4, estimated: true }
  const failure = new Failure('cancelled', 'the client left')
  scripted.finish(attempt, clock, { outcome: 'abandoned', failure }, { usage, cost: 32_000n })
  const line = lineOf(call, clock, { outcome: 'abandoned', failure })
  expect(line).toMatchObject({ status: 'aborted', estimated: true, cost_usd: 0.000032, completion_tokens: 4 })
})

test('of a race the answer counts, not who started last; the loser that has not ended is pending', () => {
  const clock = scripted.manualClock()
  const call = scripted.call(clock, silent)
  const winner = scripted.begin(call, clock, scripted.decision(scripted.deployment()))
  scripted.begin(call, clock, scripted.decision(scripted.HAIKU))
  scripted.finish(winner, clock, { outcome: 'complete' }, { cost: 5n })
  const line = lineOf(call, clock, { outcome: 'complete' })
  expect(line.model).toBe('gpt-4o-mini')
  expect(line.attempts.map(each => each.status)).toEqual(['ok', 'pending'])
})

test('a call that only unpriced attempts answered has no cost, and one that was answered in part at a price a lower bound', () => {
  const clock = scripted.manualClock()
  const call = scripted.call(clock, silent)
  const usage = { inputTokens: 20, outputTokens: 4 }
  const first = scripted.begin(call, clock, scripted.decision(scripted.HAIKU))
  scripted.finish(first, clock, { outcome: 'complete' }, { usage })
  call.record.unpriced = true
  const unknown = lineOf(call, clock, { outcome: 'complete' })
  expect(unknown).toMatchObject({ cost_usd: null, cost_nano_usd: null, unpriced: true })
  expect(unknown.attempts[0]).toMatchObject({ cost_usd: null })
  expect(callAttributes(call, 'complete')).not.toHaveProperty(['tollgate.call.cost.nano_usd'])
  const second = scripted.begin(call, clock, scripted.decision(scripted.HAIKU))
  scripted.finish(second, clock, { outcome: 'complete' }, { usage, cost: 7n })
  expect(lineOf(call, clock, { outcome: 'complete' })).toMatchObject({ cost_nano_usd: 7, unpriced: true })
  expect(callAttributes(call, 'complete')).toMatchObject({ 'tollgate.call.cost.nano_usd': 7 })
})

test('a classifying attempt is paid for but has not answered', () => {
  const clock = scripted.manualClock()
  const call = scripted.call(clock, silent)
  const answer = scripted.begin(call, clock, scripted.decision(scripted.HAIKU))
  scripted.finish(answer, clock, { outcome: 'complete' }, { cost: 100n })
  const classify = scripted.begin(call, clock, scripted.decision(scripted.deployment()), 'classify')
  scripted.finish(classify, clock, { outcome: 'complete' }, { cost: 7n })
  const line = lineOf(call, clock, { outcome: 'complete' })
  expect(line).toMatchObject({ model: 'claude-3-5-haiku-20241022', cost_nano_usd: 107 })
})

test.each([
  [1n, 0.000000001, 1],
  [37_500n, 0.0000375, 37_500],
  [999_999_999_999_999n, 999_999.999999999, 999_999_999_999_999],
  [12_345_678_901_234_567_890n, 12_345_678_901.234568, '12345678901234567890'],
])('%s nano-dollars are written exactly', (cost, usd, nano) => {
  const clock = scripted.manualClock()
  const call = scripted.call(clock, silent)
  call.record.cost = cost
  expect(lineOf(call, clock, { outcome: 'complete' })).toMatchObject({ cost_usd: usd, cost_nano_usd: nano })
})

test('every call writes one line, with its trace; a classifying call on the same record none', () => {
  const clock = scripted.manualClock()
  const written: object[] = []
  const lines: Pick<JsonLines, 'write'> = {
    write: (value, textOf = JSON.stringify) => void written.push(JSON.parse(textOf(value))),
  }
  // It takes a moment to write a line, and the call has ended before.
  const slow: typeof lines = { write: () => clock.advance(7) }
  const takers = [slow, lines]
  const listener = writeCallLines({ lines: takers, runId: 'run-1', traceIdOf: call => `trace-of-${call.id}`, clock })
  const call = scripted.call(clock, listener)
  listener({ type: 'call-start', call })
  refused(call, clock)
  listener({ type: 'call-end', call: { ...call, purpose: 'classify' }, end: { outcome: 'complete' } })
  listener({ type: 'call-end', call, end: { outcome: 'failed', failure: SLOW_DOWN } })
  expect(written).toHaveLength(1)
  expect(written[0]).toMatchObject({ trace_id: 'trace-of-call-1', latency_s: 0.1 })
})
