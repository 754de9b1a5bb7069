import { expect, test } from 'vitest'
import type { End } from '../core/answer.ts'
import { Failure } from '../core/failure.ts'
import { DEFAULT_LOGGING } from '../core/logging.ts'
import { Secret } from '../core/secret.ts'
import type { CallbackPayload } from './callback-payload.ts'
import { type Callback, type CallbackOptions, type Callbacks, runCallbacks } from './callbacks.ts'
import * as scripted from './scripted-call.ts'

const KEY = 'Kq3vX9mZ7bT1nR5wY8cF2hJ6dL4gS0pAeUiOxWzV'

function rig(options: Partial<CallbackOptions>) {
  const clock = scripted.manualClock()
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const callbacks = runCallbacks({ runId: 'run-1', traceIdOf: () => 'trace-1', clock, onError, ...options })
  return { clock, errors, callbacks }
}

function endCall(callbacks: Callbacks, clock: scripted.ManualClock, failure?: Failure, changes?: scripted.CallChanges) {
  const call = scripted.call(clock, callbacks.listener, changes)
  const deployment = scripted.deployment({
    apiKey: new Secret(KEY),
    baseUrl: `https://user:${KEY}@api.openai.com/v1?key=${KEY}`,
  })
  const attempt = scripted.begin(call, clock, scripted.decision(deployment))
  clock.advance(57.1)
  const usage = { inputTokens: 20, outputTokens: 15 }
  const end: End = failure ? { outcome: 'failed', failure } : { outcome: 'complete', usage }
  scripted.finish(attempt, clock, end, failure ? { cost: 0n } : { usage, cost: 12_000n })
  callbacks.listener({ type: 'call-end', call, end })
}

test("an answered call is told in LiteLLM's names", async () => {
  const told: CallbackPayload[] = []
  const { callbacks, clock } = rig({ success: [payload => told.push(payload)], failure: [() => told.pop()] })
  endCall(callbacks, clock, undefined, { options: { tags: ['a'], metadata: { run_id: 'r' }, userAgent: 'agent/1' } })
  await callbacks.idle()
  const started = scripted.STARTED_AT / 1000
  const { attempts, cost_breakdown, hidden_params, ...payload } = told[0] ?? expect.fail('not told')
  expect(attempts).toHaveLength(1)
  expect(cost_breakdown).toMatchObject({ original_cost: 0.000012, total_cost: 0.000012, discount_amount: 0 })
  expect(hidden_params).toMatchObject({ model_id: 'openai-1', litellm_model_name: 'openai/gpt-4o-mini' })
  expect(payload).toEqual({
    id: 'call-1',
    trace_id: 'trace-1',
    call_type: 'acompletion',
    stream: false,
    response_cost: 0.000012,
    response_cost_nano_usd: 12_000,
    unpriced: false,
    status: 'success',
    total_tokens: 35,
    prompt_tokens: 20,
    completion_tokens: 15,
    startTime: started,
    endTime: started + 0.0571,
    completionStartTime: started + 0.0571,
    response_time: 0.0571,
    latency_ms: 57.1,
    model: 'gpt-4o-mini',
    model_id: 'openai-1',
    custom_llm_provider: 'openai',
    api_base: 'https://api.openai.com/v1',
    model_group: 'fast-model',
    metadata: { run_id: 'r' },
    model_parameters: {},
    request_tags: ['a', 'User-Agent: agent', 'User-Agent: agent/1'],
    user_agent: 'agent/1',
    messages: [{ role: 'user', content: 'What is 2+2?' }],
    run_id: 'r',
    fallback_triggered: false,
    routing_strategy: 'latency-based-routing',
  })
})

test('a failed call goes to the failure callbacks, with the error and without a secret', async () => {
  const told: CallbackPayload[] = []
  const { callbacks, clock } = rig({ success: [() => expect.fail()], failure: [payload => told.push(payload)] })
  endCall(callbacks, clock, new Failure('refused_credentials', `wrong key ${KEY}`, { cause: new Error(KEY) }))
  await callbacks.idle()
  expect(told[0]).toMatchObject({
    status: 'failure',
    error_str: 'wrong key ***',
    error_information: {
      error_code: '502',
      error_class: 'refused_credentials',
      llm_provider: 'openai',
      error_message: 'wrong key ***',
    },
  })
  expect(JSON.stringify(told)).not.toContain(KEY.slice(0, 12))
})

test('prompts and other fields are left out when asked', async () => {
  const told: CallbackPayload[] = []
  const success = [(payload: CallbackPayload) => told.push(payload)]
  const { callbacks, clock } = rig({
    success,
    rules: { ...DEFAULT_LOGGING, messages: false, excludedFields: ['api_base'] },
  })
  endCall(callbacks, clock)
  await callbacks.idle()
  expect(told[0]).toHaveProperty('model')
  expect(told[0]).not.toHaveProperty('messages')
  expect(told[0]).not.toHaveProperty('api_base')
})

test('nothing is called within the event, and only for calls that answer', async () => {
  let called = 0
  const { callbacks, clock } = rig({ success: [() => called++] })
  endCall(callbacks, clock)
  endCall(callbacks, clock, undefined, { purpose: 'classify' })
  expect(called).toBe(0)
  await callbacks.idle()
  expect(called).toBe(1)
})

test('what a callback throws, now or later, is reported; the others are called all the same', async () => {
  let called = 0
  const broken: Callback[] = [
    () => {
      throw new Error('now')
    },
    () => Promise.reject(new Error('later')),
    () => called++,
  ]
  const { callbacks, clock, errors } = rig({ success: broken })
  endCall(callbacks, clock)
  await callbacks.idle()
  expect(called).toBe(1)
  expect(errors).toEqual([new Error('now'), new Error('later')])
})

test('no more than so many are under way; what is dropped is counted and reported once', async () => {
  const { callbacks, clock, errors } = rig({ success: [() => new Promise(() => {})], maxPending: 2, timeoutMs: 1000 })
  for (let n = 0; n < 5; n++) endCall(callbacks, clock)
  expect(callbacks.dropped).toBe(3)
  expect(errors).toEqual([new Error('2 callbacks are under way: further ones are dropped')])
})

test('one that never settles is given up', async () => {
  const { callbacks, clock, errors } = rig({ success: [() => new Promise(() => {})], timeoutMs: 1000 })
  endCall(callbacks, clock)
  await new Promise(setImmediate)
  const idle = callbacks.idle()
  clock.advance(1000)
  await idle
  expect(errors).toEqual([new Error('a callback took longer than 1000 ms')])
})

test('a stop waits for what is under way, for five seconds', async () => {
  const slow = () => new Promise(setImmediate)
  const { callbacks, clock, errors } = rig({ success: [slow, () => new Promise(() => {})] })
  endCall(callbacks, clock)
  await new Promise(setImmediate)
  let closed = false
  const closing = callbacks.close().then(() => {
    closed = true
  })
  clock.advance(4999)
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(closed).toBe(false)
  clock.advance(1)
  await closing
  expect(errors).toEqual([new Error('1 callbacks took longer than the 5000 ms that a stop waits')])
})

test('what only promises to ask, as query builders do, is waited for and so asked', async () => {
  let asked = 0
  const query = {
    // biome-ignore lint/suspicious/noThenProperty: it is what they are
    then(done: () => void) {
      asked++
      done()
    },
  }
  const { callbacks, clock } = rig({ success: [() => query] })
  endCall(callbacks, clock)
  await callbacks.idle()
  expect(asked).toBe(1)
})
