import type { AttemptRecord } from '../core/call.ts'
import type { Ms } from '../core/clock.ts'
import { deploymentName } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import type { Standing } from '../core/standing.ts'
import { limitHeaders } from './limit-headers.ts'

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

/** What a refusal's headers tell beside the failure. */
export interface ErrorContext {
  /** What is left of the caller's rate limits (`record.standings`). */
  readonly standings?: readonly Standing[] | undefined
  /** Epoch ms, for the moment at which a limit lets through again. Default: now. */
  readonly now?: Ms
}

/** Headers of a refusal. The client's SDK must not multiply retries that were made here already. */
export function errorHeaders(failure: Failure, { standings = [], now }: ErrorContext = {}): Record<string, string> {
  const headers: Record<string, string> = { 'x-should-retry': 'false' }
  const told = limitHeaders(standings)
  for (let at = 0; at + 1 < told.length; at += 2) headers[told[at] ?? ''] = told[at + 1] ?? ''
  const wait = failure.retryAfterMs
  // The caller's own limit, as opposed to a pool that is full: its wait is known exactly.
  const own = failure.kind === 'limited' && RATE_LIMIT_TYPES.has(failure.code)
  if (own) headers.rate_limit_type = failure.code
  if (wait === undefined) return headers
  headers['retry-after'] = String(Math.min(Math.max(Math.ceil(wait / 1000), 1), own ? Number.MAX_SAFE_INTEGER : 300))
  if (own) headers.reset_at = new Date((now ?? Date.now()) + wait).toISOString()
  return headers
}

/** LiteLLM's `rate_limit_type`. */
const RATE_LIMIT_TYPES: ReadonlySet<string> = new Set(['requests', 'tokens', 'max_parallel_requests'])
