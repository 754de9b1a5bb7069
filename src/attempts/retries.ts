import type { Call } from '../core/call.ts'
import type { Deployment, ErrorClassCounts } from '../core/deployment.ts'
import type { Failure } from '../core/failure.ts'
import type { RetrySettings } from '../core/settings.ts'
import { errorClassOf } from '../pools/error-class.ts'

interface Where {
  readonly call: Call
  readonly deployment: Deployment
  readonly pool: string
  readonly settings: RetrySettings
}

/**
 * How many attempts may follow the first within a pool after this failure. The caller's number comes before the
 * deployment's, that before the policy's for the class of error, that before the router's. A policy that names a class
 * may retry what is otherwise final; its `DefaultRetries` may not.
 */
export function retriesFor(failure: Failure, { call, deployment, pool, settings }: Where): number {
  const asked = call.options.retries
  if (asked === 0 || failure.kind === 'context_too_long') return 0
  const policy = policyOf(pool, settings)
  const byClass = named(failure, policy)
  if (!failure.verdict.again || failure.kind === 'content_refused') return byClass ?? 0
  return asked ?? deployment.health.retries ?? byClass ?? policy?.Default ?? settings.count
}

/** Whether the same deployment may be asked again: credentials, names, prices and budgets do not mend themselves. */
export function isRetryableHere(failure: Failure): boolean {
  const { kind, verdict } = failure
  return verdict.again && kind !== 'refused_credentials' && kind !== 'unknown_upstream_model' && wasDialled(failure)
}

/** Whether anybody was asked at all: to be refused for want of money is no attempt. */
export function wasDialled({ kind }: Failure): boolean {
  return kind !== 'deployment_over_budget' && kind !== 'unpriced'
}

function policyOf(pool: string, settings: RetrySettings): ErrorClassCounts | undefined {
  return Object.hasOwn(settings.poolPolicies, pool) ? settings.poolPolicies[pool] : settings.policy
}

function named(failure: Failure, policy: ErrorClassCounts | undefined): number | undefined {
  const errorClass = errorClassOf(failure)
  return errorClass === undefined ? undefined : policy?.[errorClass]
}
