import type { Call } from '../core/call.ts'
import type { Considered, Decision } from '../core/decision.ts'
import { deploymentName, type Estimate } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'

/** What would be done with a request, and why. */
export interface Explanation {
  /** The request as it stands after classification and choice of tier. */
  readonly call: Call
  /** The choice; or why nobody can take it. */
  readonly decision: Decision | Failure
  /** The pools that would be tried after this one, for a failure that another attempt may repair. */
  readonly fallbacks: readonly string[]
}

/** The explanation as data, for `POST /v1/route/explain` and `tollgate explain --json`. */
export function explanationBody({ call, decision, fallbacks }: Explanation): JsonObject {
  const { classification, requestedPool } = call.record
  const head = {
    requested: requestedPool,
    pool: call.pool,
    ...(call.because !== undefined && { because: call.because }),
    ...(classification && { classification: { ...classification } }),
    fallbacks,
  }
  if (!('chosen' in decision))
    return { ...head, chosen: null, error: { kind: decision.kind, message: decision.message } }
  const chosen = decision.considered.find(one => one.deployment === decision.chosen)
  return {
    ...head,
    strategy: decision.strategy,
    chosen: identity(decision.chosen),
    reason: decision.reason,
    estimate: estimateBody(chosen?.estimate),
    candidates: decision.considered.map(candidateBody),
  }
}

function identity(deployment: Decision['chosen']): JsonObject {
  return { id: deployment.id, deployment: deploymentName(deployment), pool: deployment.pool }
}

function candidateBody({ deployment, excluded, score, note, estimate }: Considered): JsonObject {
  return {
    ...identity(deployment),
    excluded: excluded ?? null,
    score: score ?? null,
    ...(note !== undefined && { note }),
    estimate: estimateBody(estimate),
  }
}

function estimateBody(estimate: Estimate | undefined): Json {
  if (!estimate) return null
  const { inputTokens, outputTokens, cost } = estimate
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    cost_usd: cost === undefined ? null : Number(formatUsd(cost)),
  }
}
