import type { Answer } from '../core/answer.ts'
import type { Beginning } from '../core/begin.ts'
import type { Call } from '../core/call.ts'
import type { Cancellation } from '../core/cancellation.ts'
import type { Ms } from '../core/clock.ts'
import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { Handler } from '../core/handler.ts'
import type { Operation, Request } from '../core/request.ts'
import type { Vitals } from '../pools/vitals.ts'
import type { Plan } from './plan.ts'

const TIMEOUT_MS: Ms = 60_000
const MAX_TOKENS = 5
/** A reasoning model that may not even think refuses, or answers nothing. */
const MAX_TOKENS_REASONING = 64
const WORD = 'hi'

/** What `model_info.mode` asks for; modes that are not served have no probe. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  chat: 'chat',
  completion: 'completion',
  embedding: 'embedding',
}

/** One probe: what is asked, of whom, and for how long. */
export interface Probe {
  /** As it is probed: perhaps at another model. */
  readonly deployment: Deployment
  readonly request: Request
  readonly timeoutMs: Ms
}

/** The smallest call that shows whether a deployment answers; undefined when there is no model, or no such call. */
export function probeOf(deployment: Deployment): Probe | undefined {
  const { probe = {}, info } = deployment
  const mode = typeof info.mode === 'string' ? info.mode : 'chat'
  const operation = Object.hasOwn(OPERATIONS, mode) ? OPERATIONS[mode] : undefined
  const model = probe.model?.name ?? deployment.model
  if (!operation || model.includes('*')) return undefined
  return {
    deployment: probe.model ? { ...deployment, model, price: probe.model.price } : deployment,
    request: { operation, body: { model, ...question(operation, deployment) }, streamed: false },
    timeoutMs: probe.timeoutMs ?? TIMEOUT_MS,
  }
}

function question(operation: Operation, { probe, limits }: Deployment): Request['body'] {
  if (operation === 'embedding') return { input: WORD }
  const max_tokens = probe?.maxTokens ?? (limits.supports.reasoning ? MAX_TOKENS_REASONING : MAX_TOKENS)
  if (operation === 'completion') return { prompt: WORD, max_tokens }
  return { messages: [{ role: 'user', content: WORD }], max_tokens }
}

/** The plan of a call that goes to one deployment, once. */
const onlyTo = ({ deployment, request }: Probe) =>
  function* onlyTo({ pool }: Call): Plan {
    const decision = { pool, strategy: 'probe', chosen: deployment, reason: 'asked whether it is well', considered: [] }
    const failure = yield { pool, deployment, decision, waitMs: 0, request }
    return failure ?? new Failure('internal', 'a probe does not wait')
  }

/** Whether it may be probed now: not while its operator or its upstream keeps calls away, nor for a place of a caller's. */
export function mayProbe(deployment: Deployment, vitals: Vitals, now: Ms): boolean {
  if (deployment.selection.blocked || vitals.heldOutUntil > now) return false
  return vitals.inFlight < vitals.maxInFlight && probeOf(deployment) !== undefined
}

export interface SendProbeParts {
  readonly begin: (asked: Beginning, cancellation: Cancellation) => Call
  /** Answers a call by walking a plan. */
  readonly walk: (plan: (call: Call) => Plan) => Handler
}

/** Sends the probe of a deployment and reads its answer to the end. How it went is in its records. */
export const sendProbes =
  ({ begin, walk }: SendProbeParts) =>
  async (deployment: Deployment, cancellation: Cancellation): Promise<void> => {
    const probe = probeOf(deployment)
    if (!probe) return
    const { request, timeoutMs } = probe
    const call = begin({ pool: deployment.pool, request, options: { timeoutMs } }, cancellation)
    try {
      await readOut(await walk(onlyTo(probe))({ ...call, purpose: 'probe' }))
    } catch {
      // Told to the vitals and the listeners already.
    }
  }

function readOut(answer: Answer): Promise<void> {
  return new Promise(resolve => {
    answer.onEnd(() => resolve())
    answer.read({ frame: () => true, end() {} })
  })
}
