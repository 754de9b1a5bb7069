/**
 * Test doubles for code that talks to LLM providers: upstreams that answer, record and fail as scripted, and time and
 * chance that a test decides.
 *
 * @example
 * const upstream = await startUpstream()
 * upstream.next(fault.status(429, { retryAfter: '2' }))
 * // ... point a client at upstream.baseUrl, then look at upstream.log
 * await upstream.stop()
 */
export type { Behaviour, UsageScript } from './behaviour.ts'
export { FakeClock } from './fake-clock.ts'
export {
  type BombOptions,
  type CutFault,
  type CutOptions,
  type Ending,
  type Fault,
  fault,
  type InsteadFault,
  type SlowFault,
  type StatusOptions,
} from './fault.ts'
export { FAULT_NAMES, namedFault } from './named-fault.ts'
export type { AnswerScript, FinishReason, ScriptedAnswer, ScriptedToolCall } from './scripted-answer.ts'
export { seededRandom } from './seeded-random.ts'
export type { SseOptions } from './sse-format.ts'
export { startUpstream, type Upstream, type UpstreamOptions } from './upstream.ts'
export type { ClosedBy, UpstreamRecord } from './upstream-record.ts'
export type { UpstreamOperation, UpstreamRequest } from './upstream-request.ts'
