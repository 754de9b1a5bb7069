import type { End } from '../core/answer.ts'
import type { Call } from '../core/call.ts'
import { systemClock } from '../core/clock.ts'
import { DEFAULT_LOGGING, isMuted, type LoggingRules, mayTellContent } from '../core/logging.ts'
import type { CostSides } from './callback-details.ts'
import { type CallbackPayload, callbackPayload } from './callback-payload.ts'
import { CallbackRunner, type RunnerOptions } from './callback-runner.ts'
import { type InputPayload, inputPayload } from './input-payload.ts'
import type { Listener } from './listeners.ts'
import type { ServiceFault } from './service-fault.ts'

/** Told of a finished call. It may be asynchronous; what it throws is reported and harms nobody. */
export type Callback<Payload = CallbackPayload> = (payload: Payload) => unknown

/** A callback that clients and deployments can switch off by its name; a bare function goes by its own. */
export interface NamedCallback<Payload = CallbackPayload> {
  readonly name: string
  readonly run: Callback<Payload>
}

type Told<Payload = CallbackPayload> = readonly (Callback<Payload> | NamedCallback<Payload>)[]

export interface CallbackLists {
  /** Called for answered calls (`success_callback`). */
  readonly success?: Told
  /** Called for failed and abandoned ones (`failure_callback`). */
  readonly failure?: Told
  /** Called when a call begins, before anything is dialled (`input_callback`); the call does not wait for it. */
  readonly input?: Told<InputPayload>
  /** Called about faults of tollgate's own services (`service_callback`). */
  readonly service?: Told<ServiceFault>
}

export interface CallbackOptions extends CallbackLists, RunnerOptions {
  readonly runId: string
  readonly traceIdOf: (call: Call) => string
  /** What they may be told. Default: everything. */
  readonly rules?: LoggingRules
  /** Splits costs for `cost_breakdown`. Default: everything is on the input's side. */
  readonly costSides?: CostSides
}

export interface Callbacks {
  readonly listener: Listener
  /** Tells those who listen for faults of services that something is wrong, or, without an error, that it no longer is. */
  fault(service: ServiceFault['service'], error: string | null): void
  /** Settles when no callback is under way. */
  idle(): Promise<void>
  /** The same, for so long as a process that ends waits (5 s); what is under way then is left. */
  close(): Promise<void>
  /** Callbacks that were not called because too many were under way. */
  readonly dropped: number
}

/** Tells functions of the operator about calls: beside the call, never within it. */
export function runCallbacks(options: CallbackOptions): Callbacks {
  const { input = [], service = [], rules = DEFAULT_LOGGING, clock = systemClock, runId } = options
  // Apart, because a fault of theirs must not be told to themselves.
  const services = new CallbackRunner(options)
  const fault: Callbacks['fault'] = (name, error) => {
    const time = clock.now() / 1000
    const told = { service: name, is_error: error !== null, error, time, run_id: runId }
    services.run(service.map(functionOf), () => told)
  }
  const onError = (error: unknown) => {
    options.onError?.(error)
    fault('callbacks', error instanceof Error ? error.message : String(error))
  }
  const runner = new CallbackRunner({ ...options, onError })
  return {
    listener: event => {
      if (event.type === 'call-end' && event.call.purpose === 'answer') tellEnd(runner, event.call, event.end, options)
      if (event.type === 'call-start' && event.call.purpose === 'answer' && input.length > 0) {
        const { call } = event
        runner.run(heard(input, call, rules), () =>
          without(rules.excludedFields, inputPayload(call, { ...options, rules })),
        )
      }
    },
    fault,
    async idle() {
      await runner.idle()
      await services.idle()
    },
    async close() {
      await runner.close()
      await services.close()
    },
    get dropped() {
      return runner.dropped
    },
  }
}

function tellEnd(runner: CallbackRunner, call: Call, end: End, options: CallbackOptions): void {
  const { success = [], failure = [], rules = DEFAULT_LOGGING, clock = systemClock } = options
  const callbacks = heard(end.outcome === 'complete' ? success : failure, call, rules)
  if (callbacks.length === 0) return
  const endedAt = clock.monotonic()
  runner.run(callbacks, () => {
    const { runId, traceIdOf, costSides } = options
    const content = mayTellContent(call, rules)
    const context = { runId, traceId: traceIdOf(call), endedAt, rules, content, costSides }
    return without(rules.excludedFields, callbackPayload(call, end, context))
  })
}

/** The operator asked for less than the type promises. */
function without<Payload extends object>(fields: readonly string[], payload: Payload): Payload {
  if (fields.length === 0) return payload
  const kept = Object.entries(payload).filter(([name]) => !fields.includes(name))
  return Object.fromEntries(kept) as Payload
}

function heard<Payload>(callbacks: Told<Payload>, call: Call, rules: LoggingRules): readonly Callback<Payload>[] {
  return callbacks.filter(callback => !isMuted(callback.name, call, rules)).map(functionOf)
}

function functionOf<Payload>(callback: Callback<Payload> | NamedCallback<Payload>): Callback<Payload> {
  return typeof callback === 'function' ? callback : callback.run
}
