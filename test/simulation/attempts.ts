import type { Attempt, Call } from '../../src/core/call.ts'
import type { Caller } from '../../src/core/caller.ts'
import { Cancellation } from '../../src/core/cancellation.ts'
import type { Deployment } from '../../src/core/deployment.ts'
import type { FakeClock } from '../../src/testing/fake-clock.ts'

export const DEPLOYMENT: Deployment = {
  id: 'd',
  pool: 'p',
  provider: 'mock',
  model: 'm',
  baseUrl: 'http://127.0.0.1',
  headers: {},
  defaults: {},
  parameters: { dropUnsupported: false, drop: [], allow: [] },
  selection: { tags: [], tagPatterns: [] },
  timeouts: {},
  health: {},
  price: { rates: { input: 1n, output: 1n }, tiers: [], source: 'test' },
  limits: { supports: {} },
  info: {},
}

export function callOf(id: string, caller: Caller, clock: FakeClock): Call {
  return {
    id,
    pool: 'p',
    request: { operation: 'chat', body: {}, streamed: false },
    options: { caller },
    cancellation: new Cancellation(),
    deadline: Number.POSITIVE_INFINITY,
    emit: () => {},
    purpose: 'answer',
    record: {
      startedAt: clock.now(),
      start: clock.monotonic(),
      requestedPool: 'p',
      attempts: [],
      decisions: [],
      fallbacks: 0,
      cost: 0n,
      unpriced: false,
    },
  }
}

export function attemptOf(call: Call, number: number, clock: FakeClock): Attempt {
  const attempt = {
    id: `${call.id}-${number}`,
    number,
    purpose: call.purpose,
    deployment: DEPLOYMENT,
    decision: undefined,
    start: clock.monotonic(),
  }
  return { deployment: DEPLOYMENT, number, attempt, ...call }
}
