import type { FastifyError } from 'fastify'
import { Failure } from '../core/failure.ts'
import { notJson, tooLarge } from './read-body.ts'

/** Names what the HTTP server itself refused; what it cannot name is ours, and its message stays inside. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  const { code, statusCode } = error as Partial<FastifyError>
  if (statusCode === 413) return tooLarge()
  if (statusCode === 415) return notJson()
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Failure('invalid_request', 'the request is not valid HTTP for this route', { code: code?.toLowerCase() })
  }
  return new Failure('internal', 'something went wrong inside the gateway', { cause: error })
}
