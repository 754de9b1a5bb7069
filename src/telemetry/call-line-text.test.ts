import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { End } from '../core/answer.ts'
import type { AttemptRecord, Call, CallOptions, CallRecord } from '../core/call.ts'
import { plainCaller } from '../core/caller.ts'
import type { Charge } from '../core/charge.ts'
import type { Decision } from '../core/decision.ts'
import { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import { DEFAULT_LOGGING } from '../core/logging.ts'
import type { Usage } from '../core/usage.ts'
import { callLine } from './call-line.ts'
import { CallLineTexts } from './call-line-text.ts'
import * as scripted from './scripted-call.ts'

/** A value, or the member is absent. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const present = <T extends object>(members: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('gpt-4o-mini', 'a "b"', '\ud800', 'ü\u2028'),
)
const ms = fc.oneof(
  fc.double({ min: 0, max: 1e7, noNaN: true }),
  fc.constantFrom(0, 0.0004, 0.001, 1, 999.9996, 60_000),
)
const money = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 12n }),
  fc.bigInt({ min: 0n, max: 2n ** 60n }),
  fc.constantFrom(0n, 1n, 999n),
)
const tokens = fc.oneof(fc.nat(), fc.constantFrom(0, 1.5, Number.POSITIVE_INFINITY, Number.NaN))
const failure = fc
  .tuple(fc.constantFrom('rate_limited', 'cancelled', 'upstream_error'), fc.string({ unit: 'binary' }))
  .map(([kind, message]) => new Failure(kind as 'rate_limited', message))
const outcome = fc.constantFrom('complete', 'failed', 'abandoned')
const purpose = fc.constantFrom('answer', 'classify', 'mirror', 'probe')

const usage: fc.Arbitrary<Usage> = fc
  .record({
    inputTokens: tokens,
    outputTokens: tokens,
    cacheReadTokens: sometimes(tokens),
    reasoningTokens: sometimes(tokens),
    webSearches: sometimes(tokens),
    serviceTier: sometimes(fc.constantFrom('default', 'flex')),
    estimated: sometimes(fc.boolean()),
  })
  .map(members => present<Usage>(members))

const charge: fc.Arbitrary<Charge> = fc.record({
  discount: money,
  discountShare: fc.constant(0n),
  margin: money,
  marginShare: fc.constant(0n),
  marginFixed: fc.constant(0n),
  total: money,
})

const DEPLOYMENTS = [
  scripted.deployment(),
  scripted.HAIKU,
  scripted.deployment({ id: 'a "b"', pool: 'ü', provider: '\\' }),
]

const attempt: fc.Arbitrary<AttemptRecord> = fc
  .record({
    id: fc.uuid(),
    number: fc.nat(9),
    purpose,
    deployment: fc.constantFrom(...DEPLOYMENTS),
    decision: sometimes(name.map(strategy => scripted.decision(scripted.HAIKU, { strategy }))),
    start: ms,
    firstAt: sometimes(ms),
    endedAt: sometimes(ms),
    outcome: sometimes(outcome),
    failure: sometimes(failure),
    usage: sometimes(usage),
    cost: sometimes(money),
    charge: sometimes(charge),
    model: sometimes(name),
    droppedParameters: sometimes(fc.array(name, { maxLength: 2 })),
  })
  .map(members => present<AttemptRecord>(members as AttemptRecord))

const record: fc.Arbitrary<CallRecord> = fc
  .record({
    startedAt: fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.double({ min: 1e12, max: 2e12, noNaN: true })),
    start: ms,
    requestedPool: name,
    attempts: fc.array(attempt, { maxLength: 3 }),
    decisions: fc.constant<Decision[]>([]),
    fallbacks: fc.nat(1),
    queuedMs: sometimes(ms),
    cost: money,
    unpriced: fc.boolean(),
    classification: sometimes(
      fc.record({ task: name, by: name, reason: name, confidence: fc.double({ noNaN: true }) }),
    ),
  })
  .map(members => present<CallRecord>(members as CallRecord))

const options: fc.Arbitrary<CallOptions> = fc
  .record({
    tags: sometimes(fc.array(name, { maxLength: 2 })),
    recordTags: sometimes(fc.array(name, { maxLength: 2 })),
    metadata: sometimes(fc.oneof(fc.dictionary(name, fc.jsonValue()), fc.record({ run_id: fc.oneof(name, fc.nat()) }))),
    sessionId: sometimes(name),
    strategyLabel: sometimes(name),
    caller: sometimes(name.map(keyId => plainCaller(keyId))),
  })
  .map(members => present<CallOptions>(members as CallOptions))

const end: fc.Arbitrary<End> = fc
  .record({ outcome, failure: sometimes(failure), usage: sometimes(usage) })
  .map(members => present<End>(members as End))

test('a line is what JSON has for its object, byte for byte', () => {
  const call = fc.record({ id: fc.uuid(), purpose, options, record, streamed: fc.boolean() })
  const clock = scripted.manualClock()
  const texts = [true, false].map(all => {
    const rules = { ...DEFAULT_LOGGING, keys: all, errorTexts: all }
    return { rules, texts: new CallLineTexts('run "1"', rules) }
  })
  fc.assert(
    fc.property(
      call,
      end,
      ms,
      fc.constantFrom(...texts),
      ({ streamed, ...members }, end, endedAt, { rules, texts }) => {
        const plain = scripted.call(clock, () => {})
        const call: Call = { ...plain, ...members, request: { ...plain.request, streamed } }
        const object = callLine(call, end, { traceId: 'f00d', runId: 'run "1"', endedAt, rules })
        expect(texts.of({ call, end, traceId: 'f00d', endedAt })).toBe(JSON.stringify(object))
      },
    ),
    { numRuns: 1_000 },
  )
})

test('what JSON cannot hold is no line', () => {
  const call = scripted.call(scripted.manualClock(), () => {}, {
    options: { metadata: { n: 1n } as unknown as JsonObject },
  })
  const write = () => new CallLineTexts('run-1').of({ call, end: { outcome: 'complete' }, traceId: 'f00d', endedAt: 0 })
  expect(write).toThrow(TypeError)
})
