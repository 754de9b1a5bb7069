import { expect, test } from 'vitest'
import { Answer, type End, wholeAnswer } from '../core/answer.ts'
import { Failure } from '../core/failure.ts'
import { ObjectFrame } from '../core/frame.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { attemptOf, callOf, complete, deploymentOf, settingsOf } from './fixtures.ts'
import { vitalsLayer } from './vitals-layer.ts'
import { Ward } from './ward.ts'

const failed = (kind: Failure['kind']): End => ({ outcome: 'failed', failure: new Failure(kind, kind) })

function setUp(parts: Parameters<typeof deploymentOf>[1] = {}) {
  const clock = new FakeClock()
  const deployment = deploymentOf('a', parts)
  const ward = new Ward(settingsOf([deployment]), clock)
  return { clock, deployment, ward, vitals: ward.of(deployment) }
}

test('an attempt is in flight until its end, and ends once', () => {
  const { clock, deployment, ward, vitals } = setUp()
  const ticket = ward.begin(attemptOf(deployment, clock))
  const other = ward.begin(attemptOf(deployment, clock))
  expect(vitals.inFlight).toBe(2)
  ward.end(ticket, complete)
  ward.end(ticket, complete)
  expect(vitals.inFlight).toBe(1)
  ward.end(other, failed('timed_out'))
  expect(vitals.inFlight).toBe(0)
})

test('a whole answer gives a sample of its duration, a stream one of its first token', () => {
  const { clock, deployment, ward, vitals } = setUp()
  const whole = ward.begin(attemptOf(deployment, clock))
  const stream = ward.begin(attemptOf(deployment, clock, callOf({ streamed: true })))
  ward.first(whole, 50)
  ward.first(stream, 70)
  clock.advance(500)
  ward.end(whole, complete)
  clock.advance(5_000)
  ward.end(stream, complete)
  expect(vitals.p50(clock.monotonic())).toBe(500)
  expect(vitals.firstTokenP50(clock.monotonic())).toBe(70)
})

test.each([
  ['timed_out', 1_000_000],
  ['upstream_error', 1_000_000],
  ['unreachable', 1_000_000],
  ['broken_off', 1_000_000],
  ['rate_limited', undefined],
  ['rejected', undefined],
  ['context_too_long', undefined],
  ['cancelled', undefined],
] as const)('a failure %s leaves a sample of %s ms', (kind, p50) => {
  const { clock, deployment, ward, vitals } = setUp()
  ward.end(ward.begin(attemptOf(deployment, clock)), failed(kind))
  expect(vitals.p50(clock.monotonic())).toBe(p50)
  clock.advance(60_000)
  expect(vitals.p50(clock.monotonic())).toBeUndefined()
})

test('a timeout that the caller shortened does not count', () => {
  const { clock, deployment, ward, vitals } = setUp()
  const call = callOf({ options: { timeoutMs: 10 } })
  ward.end(ward.begin(attemptOf(deployment, clock, call)), failed('timed_out'))
  expect(vitals.judged(clock.monotonic())).toBe(0)
  expect(vitals.p50(clock.monotonic())).toBeUndefined()
})

test('tokens are reserved, corrected by usage, given back when nothing can be billed, and gone with the UTC minute', () => {
  const { clock, deployment, ward, vitals } = setUp()
  const reserved = { inputTokens: 100, outputTokens: 20 }
  const first = ward.begin(attemptOf(deployment, clock), reserved)
  const second = ward.begin(attemptOf(deployment, clock), reserved)
  const third = ward.begin(attemptOf(deployment, clock), reserved)
  expect(vitals.tokensThisMinute(clock.now())).toBe(360)
  ward.end(first, { outcome: 'complete', usage: { inputTokens: 90, outputTokens: 50 } })
  expect(vitals.inputTokensThisMinute(clock.now())).toBe(290)
  expect(vitals.outputTokensThisMinute(clock.now())).toBe(90)
  ward.end(second, failed('unreachable'))
  expect(vitals.tokensThisMinute(clock.now())).toBe(260)
  expect(vitals.requestsThisMinute(clock.now())).toBe(3)
  clock.advance(60_000)
  expect(vitals.requestsThisMinute(clock.now())).toBe(0)
  ward.end(third, { outcome: 'complete', usage: { inputTokens: 1, outputTokens: 1 } })
  expect(vitals.tokensThisMinute(clock.now())).toBe(0)
})

test('vitals are forgotten only when idle', () => {
  const { clock, deployment, ward } = setUp()
  const ticket = ward.begin(attemptOf(deployment, clock))
  expect(ward.forget('a')).toBe(false)
  ward.end(ticket, complete)
  ward.holdOutElsewhere('a', 1000)
  expect(ward.forget('a')).toBe(false)
  clock.advance(1000)
  expect(ward.forget('a')).toBe(true)
  expect(ward.find('a')).toBeUndefined()
})

test('the layer counts a stream to its last byte and measures its first content', async () => {
  const { clock, deployment, ward, vitals } = setUp()
  const stream = new Answer(deployment, true, { pause() {}, resume() {}, abort() {} })
  const handler = vitalsLayer(
    ward,
    clock,
  )(async () => {
    clock.advance(80)
    return stream
  })
  const answer = await handler(attemptOf(deployment, clock, callOf({ streamed: true })))
  expect(answer).toBe(stream)
  expect(vitals.inFlight).toBe(1)
  expect(vitals.firstTokenP50(clock.monotonic())).toBe(80)
  clock.advance(10_000)
  stream.complete()
  expect(vitals.inFlight).toBe(0)
  expect(vitals.firstTokenP50(clock.monotonic())).toBe(80)
})

test('the layer frees the place of an attempt that throws or is abandoned', async () => {
  const { clock, deployment, ward, vitals } = setUp()
  const refuse = vitalsLayer(ward, clock)(() => Promise.reject(new Failure('overloaded', 'no')))
  await expect(refuse(attemptOf(deployment, clock))).rejects.toThrow('no')
  const stream = new Answer(deployment, true, { pause() {}, resume() {}, abort() {} })
  const answer = await vitalsLayer(ward, clock)(async () => stream)(attemptOf(deployment, clock))
  answer.abandon(new Failure('cancelled', 'the client left'))
  expect(vitals.inFlight).toBe(0)
  expect(vitals.failures(clock.monotonic())).toBe(1)
})

test('the layer reserves what it is told to', async () => {
  const { clock, deployment, ward, vitals } = setUp()
  const layer = vitalsLayer(ward, clock, () => ({ inputTokens: 7, outputTokens: 1 }))
  const answer = wholeAnswer(deployment, new ObjectFrame([{}], false))
  const handler = layer(async () => {
    expect(vitals.tokensThisMinute(clock.now())).toBe(8)
    return answer
  })
  await handler(attemptOf(deployment, clock))
  expect(vitals.p50(clock.monotonic())).toBe(0)
})
