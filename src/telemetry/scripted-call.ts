import type { End } from '../core/answer.ts'
import type { Attempt, AttemptRecord, Call, CallOptions, CallRecord, Purpose } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import type { Clock, Ms } from '../core/clock.ts'
import type { Decision } from '../core/decision.ts'
import { type Deployment, deploymentName } from '../core/deployment.ts'
import type { Emit } from '../core/event.ts'
import type { JsonObject } from '../core/json.ts'

/** For tests only: a call that goes through its events by hand, on a clock that stands until it is moved. */

export const STARTED_AT = Date.UTC(2026, 10, 20, 12, 0, 0)

export interface ManualClock extends Clock {
  advance(ms: Ms): void
}

/** A clock whose timers fire when it is moved past them. */
export function manualClock(): ManualClock {
  let now = 5_000
  let timers: { at: Ms; action: () => void }[] = []
  return {
    now: () => STARTED_AT + now - 5_000,
    monotonic: () => now,
    after(delay, action) {
      const timer = { at: now + delay, action }
      timers.push(timer)
      const cancel = () => {
        timers = timers.filter(each => each !== timer)
      }
      return { cancel }
    },
    advance(ms) {
      now += ms
      const due = timers.filter(timer => timer.at <= now)
      timers = timers.filter(timer => timer.at > now)
      for (const timer of due) timer.action()
    },
  }
}

export function deployment(changes: Partial<Deployment> = {}): Deployment {
  return {
    id: 'openai-1',
    pool: 'fast-model',
    provider: 'openai',
    model: 'gpt-4o-mini',
    baseUrl: 'https://api.openai.com/v1',
    headers: {},
    defaults: {},
    parameters: { dropUnsupported: false, drop: [], allow: [] },
    selection: { tags: [], tagPatterns: [] },
    timeouts: {},
    health: {},
    price: undefined,
    limits: { supports: {} },
    info: {},
    ...changes,
  }
}

export const HAIKU = deployment({
  id: 'anthropic-1',
  pool: 'capable-model',
  provider: 'anthropic',
  model: 'claude-3-5-haiku-20241022',
  baseUrl: 'https://api.anthropic.com',
})

export interface CallChanges {
  readonly id?: string
  readonly pool?: string
  readonly body?: JsonObject
  readonly options?: CallOptions
  readonly purpose?: Purpose
  readonly record?: CallRecord
}

export function call(clock: Clock, emit: Emit, changes: CallChanges = {}): Call {
  const pool = changes.pool ?? 'fast-model'
  const body: JsonObject = changes.body ?? { model: pool, messages: [{ role: 'user', content: 'What is 2+2?' }] }
  return {
    id: changes.id ?? 'call-1',
    pool,
    request: { operation: 'chat', body, streamed: body.stream === true },
    options: changes.options ?? {},
    cancellation: new Cancellation(),
    deadline: clock.monotonic() + 600_000,
    record: changes.record ?? callRecord(clock, pool),
    emit,
    purpose: changes.purpose ?? 'answer',
  }
}

export function callRecord(clock: Clock, requestedPool: string): CallRecord {
  return {
    startedAt: clock.now(),
    start: clock.monotonic(),
    requestedPool,
    attempts: [],
    decisions: [],
    fallbacks: 0,
    cost: 0n,
    unpriced: false,
  }
}

export function decision(chosen: Deployment, changes: Partial<Decision> = {}): Decision {
  return {
    pool: chosen.pool,
    strategy: 'latency-based-routing',
    chosen,
    reason: `${deploymentName(chosen)} is the fastest`,
    considered: [{ deployment: chosen, score: 412, note: '412 ms p50' }],
    ...changes,
  }
}

/** Emits the route and the start of an attempt. */
export function begin(call: Call, clock: Clock, chosen: Decision, purpose: Purpose = 'answer'): Attempt {
  call.record.decisions.push(chosen)
  call.emit({ type: 'route', call, decision: chosen })
  const number = call.record.attempts.length + 1
  const record: AttemptRecord = {
    id: `${call.id}-${number}`,
    number,
    purpose,
    deployment: chosen.chosen,
    decision: chosen,
    start: clock.monotonic(),
  }
  call.record.attempts.push(record)
  const attempt: Attempt = { ...call, deployment: chosen.chosen, number, attempt: record }
  call.emit({ type: 'attempt-start', attempt })
  return attempt
}

/** Writes the end into the record as the meter does, and emits it. */
export function finish(attempt: Attempt, clock: Clock, end: End, told: Partial<AttemptRecord> = {}): void {
  Object.assign(attempt.attempt, { endedAt: clock.monotonic(), ...end, ...told })
  const { record } = attempt
  record.cost += attempt.attempt.cost ?? 0n
  if (attempt.attempt.cost === undefined) record.unpriced = true
  attempt.emit({ type: 'attempt-end', attempt, end })
}
