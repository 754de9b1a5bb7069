import type { ErrorClass, ErrorClassCounts } from '../../core/deployment.ts'
import { ALLOWED_FAILS_NAMES, RETRY_POLICY_NAMES } from '../keys/router.ts'

type Counts = Readonly<Record<string, number>>

/** Reads `retry_policy`: names such as `TimeoutErrorRetries` become classes of error; others are said elsewhere. */
export function readRetryPolicy(policy: Counts | undefined): ErrorClassCounts | undefined {
  return policy && readPolicy(policy, RETRY_POLICY_NAMES, 'Retries')
}

/** Reads `allowed_fails_policy`, whose names end in `AllowedFails`. */
export function readAllowedFailsPolicy(policy: Counts | undefined): ErrorClassCounts | undefined {
  return policy && readPolicy(policy, ALLOWED_FAILS_NAMES, 'AllowedFails')
}

function readPolicy(policy: Counts, known: readonly string[], ending: string): ErrorClassCounts {
  const counts: Partial<Record<ErrorClass | 'Default', number>> = {}
  for (const [name, count] of Object.entries(policy)) {
    if (known.includes(name)) counts[name.slice(0, -ending.length) as ErrorClass | 'Default'] = count
  }
  return counts
}
