import { Failure, type FailureKind } from '../core/failure.ts'

const REFUSALS: ReadonlySet<FailureKind> = new Set(['invalid_request', 'not_found', 'forbidden'])

/** The refusal that an error is; anything else is thrown on: it is no reason to go on with the others of many. */
export function refusalOf(error: unknown): Failure {
  if (error instanceof Failure && REFUSALS.has(error.kind)) return error
  throw error
}
