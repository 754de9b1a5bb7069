import type { Call } from '../core/call.ts'
import type { JsonObject } from '../core/json.ts'
import { type LoggingRules, mayTellContent } from '../core/logging.ts'
import { modelParameters, requestTags } from './callback-details.ts'
import { CALL_TYPES, type CallbackPayload, promptOf } from './callback-payload.ts'

/** What a callback is told of a call that begins. */
export interface InputPayload {
  readonly id: string
  readonly trace_id: string
  readonly call_type: CallbackPayload['call_type']
  readonly stream: boolean
  /** Seconds since 1970. */
  readonly startTime: number
  /** The pool that was asked for. */
  readonly model_group: string
  readonly metadata: JsonObject
  readonly request_tags: readonly string[]
  readonly model_parameters: JsonObject
  /** The prompt; absent when message logging is turned off. */
  readonly messages?: unknown
  readonly run_id: string
}

export interface InputContext {
  readonly runId: string
  readonly traceIdOf: (call: Call) => string
  readonly rules: LoggingRules
}

export function inputPayload(call: Call, { runId, traceIdOf, rules }: InputContext): InputPayload {
  const { request, record, options } = call
  const content = mayTellContent(call, rules)
  const run = options.metadata?.run_id
  return {
    id: call.id,
    trace_id: traceIdOf(call),
    call_type: CALL_TYPES[request.operation],
    stream: request.streamed,
    startTime: record.startedAt / 1000,
    model_group: record.requestedPool,
    metadata: options.metadata ?? {},
    request_tags: requestTags(call, rules),
    model_parameters: modelParameters(request, content, rules),
    ...(content && { messages: promptOf(request) }),
    run_id: typeof run === 'string' || typeof run === 'number' ? String(run) : runId,
  }
}
