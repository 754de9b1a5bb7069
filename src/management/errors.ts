import { Failure } from '../core/failure.ts'

/**
 * There is none, or none that the caller may know of: the two are never told apart, so that ids of others cannot be
 * probed.
 */
export function notFound(what: string, id: string): Failure {
  return new Failure('not_found', `there is no ${what} '${shown(id)}'`, { code: 'not_found_error' })
}

/** The request is well-formed and makes no sense, or stands against what there is. */
export function badRequest(message: string, param?: string): Failure {
  return new Failure('invalid_request', message, { code: 'bad_request_error', param })
}

/** The caller is known and may not do this. The message says who may. */
export function notAllowed(message: string, param?: string): Failure {
  return new Failure('forbidden', message, { code: 'not_allowed', param })
}

/** A text of the request's, short enough for a message. */
export function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
