import type { AttemptRecord } from '../core/call.ts'
import { deploymentName } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'

/** OpenAI's error shape, with every attempt as data: the message is never lengthened by what happened elsewhere. */
export function errorBody(failure: Failure, attempts: readonly AttemptRecord[] = []): JsonObject {
  return {
    error: {
      message: toldOf(failure),
      type: failure.verdict.type,
      param: failure.param ?? null,
      code: failure.code,
      ...fieldsOf(failure, attempts),
    },
  }
}

function fieldsOf({ details }: Failure, attempts: readonly AttemptRecord[]): JsonObject {
  if (!details && attempts.length === 0) return {}
  const fields = attempts.length > 0 ? { ...details, attempts: attempts.map(attemptShown) } : { ...details }
  return { provider_specific_fields: fields }
}

/** The words of an error that nobody named speak of our insides: they stay in the records. */
function toldOf({ kind, cause, message }: Failure): string {
  return kind === 'internal' && cause !== undefined ? 'something went wrong inside the gateway' : message
}

function attemptShown({ number, deployment, purpose, failure }: AttemptRecord): JsonObject {
  return {
    number,
    deployment: deploymentName(deployment),
    pool: deployment.pool,
    ...(purpose !== 'answer' && { purpose }),
    ...(failure && { error: failure.kind, message: toldOf(failure) }),
    ...(failure?.upstreamStatus !== undefined && { status: failure.upstreamStatus }),
  }
}

/** Headers of a refusal. The client's SDK must not multiply retries that were made here already. */
export function errorHeaders(failure: Failure): Record<string, string> {
  const headers: Record<string, string> = { 'x-should-retry': 'false' }
  const wait = failure.retryAfterMs
  if (wait !== undefined) headers['retry-after'] = String(Math.min(Math.max(Math.ceil(wait / 1000), 1), 300))
  return headers
}
