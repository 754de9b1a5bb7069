import { Failure } from '../core/failure.ts'
import { isObject } from '../core/json.ts'
import { MAX_DEPTH } from './parse-body.ts'

/**
 * Refuses a body of this process that could not have come as JSON: one with a BigInt in it, or one that is deeper than a body may
 * be, as one that holds itself is. What writes its own JSON (a date, a URL) is not looked into.
 * @throws Failure `invalid_request`
 */
export function checkJson(value: unknown, depth = 1): void {
  if (typeof value === 'bigint') throw invalid(`the body holds the BigInt ${value}, which JSON has not: give a number`)
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH) throw invalid(`the body nests deeper than ${MAX_DEPTH} levels, or holds itself`)
  if (Array.isArray(value)) for (const item of value) checkJson(item, depth + 1)
  else if (isObject(value) && !('toJSON' in value)) for (const name in value) checkJson(value[name], depth + 1)
}

function invalid(message: string): Failure {
  return new Failure('invalid_request', message, { code: 'invalid_body' })
}
