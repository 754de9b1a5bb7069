import type { End } from './answer.ts'
import type { Attempt, Call } from './call.ts'
import type { Decision } from './decision.ts'
import type { Deployment } from './deployment.ts'
import type { Failure } from './failure.ts'

/**
 * What happened, for those who watch. Every start has exactly one end. Listeners are fast, cannot throw into the call
 * and cannot change it.
 */
export type Event =
  | { readonly type: 'call-start'; readonly call: Call }
  | { readonly type: 'call-end'; readonly call: Call; readonly end: End }
  | { readonly type: 'route'; readonly call: Call; readonly decision: Decision }
  | { readonly type: 'attempt-start'; readonly attempt: Attempt }
  | { readonly type: 'attempt-first'; readonly attempt: Attempt }
  | { readonly type: 'attempt-end'; readonly attempt: Attempt; readonly end: End }
  | { readonly type: 'rest'; readonly deployment: Deployment; readonly untilMs: number; readonly failure: Failure }

export type Emit = (event: Event) => void
