import { Failure, type FailureKind } from '../../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Secret } from '../../core/secret.ts'

/** What went wrong upstream, as far as it was said. */
export interface UpstreamError {
  /** The response's; undefined within a stream. */
  readonly status?: number
  /** `error.type`. */
  readonly type?: string
  /** `error.message`. */
  readonly message?: string
}

/** No client needs more of a provider's message than this many characters. */
const MAX_MESSAGE = 500

/** https://platform.claude.com/docs/en/api/errors */
const BY_TYPE: Readonly<Record<string, FailureKind>> = {
  authentication_error: 'refused_credentials',
  permission_error: 'refused_credentials',
  billing_error: 'refused_credentials',
  not_found_error: 'unknown_upstream_model',
  request_too_large: 'context_too_long',
  rate_limit_error: 'rate_limited',
  overloaded_error: 'overloaded',
  timeout_error: 'timed_out',
  api_error: 'upstream_error',
}

const BY_STATUS: Readonly<Record<number, FailureKind>> = {
  401: 'refused_credentials',
  402: 'refused_credentials',
  403: 'refused_credentials',
  404: 'unknown_upstream_model',
  408: 'timed_out',
  413: 'context_too_long',
  429: 'rate_limited',
  503: 'overloaded',
  504: 'timed_out',
  529: 'overloaded',
}

/** What an `invalid_request_error` is in truth, told by its message only. */
const BY_MESSAGE: readonly (readonly [RegExp, FailureKind])[] = [
  [/prompt is too long|exceeds? (the )?context|context window/i, 'context_too_long'],
  [/content[ -]filter|content polic|usage polic/i, 'content_refused'],
  // The account's spending limit: another deployment may still have money.
  [/credit balance|\busage limits\b|spend(ing)? limit/i, 'refused_credentials'],
]

/** Reads the body of a response that is not 200. `secret` is taken out of the provider's words. */
export function readFailure(status: number, body: Buffer, secret: Secret | undefined): Failure {
  return toFailure({ status, ...readError(parsed(body)) }, secret)
}

/** `{"type": "error", "error": {"type", "message"}}`, in a body or in an event. */
export function readError(value: unknown): Pick<UpstreamError, 'type' | 'message'> {
  const error = isObject(value) ? value.error : undefined
  if (typeof error === 'string') return { message: error }
  if (!isObject(error)) return {}
  return { ...text('type', error.type), ...text('message', error.message) }
}

/** Gives an error its kind: by its type, which is the same in a response and in a stream, else by the status. */
export function toFailure(error: UpstreamError, secret: Secret | undefined): Failure {
  const kind = kindOf(error)
  const said = clean(error.message, secret)
  const label = error.type ?? (error.status === undefined ? 'an error' : `HTTP ${error.status}`)
  const message = said ? `Anthropic answered ${label}: ${said}` : `Anthropic answered ${label}`
  const param = kind === 'rejected' ? /^([\w.]+): /.exec(said)?.[1] : undefined
  return new Failure(kind, message, { upstreamStatus: error.status, param })
}

function kindOf({ status, type, message }: UpstreamError): FailureKind {
  const known = type !== undefined && Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type] : undefined
  const kind = known ?? (status === undefined ? undefined : BY_STATUS[status])
  if (kind !== undefined) return kind
  const client = type === 'invalid_request_error' || (status !== undefined && status >= 400 && status < 500)
  if (!client) return 'upstream_error'
  return BY_MESSAGE.find(([pattern]) => pattern.test(message ?? ''))?.[1] ?? 'rejected'
}

/** A provider may quote the key it refused (reliability.md, R16). */
function clean(message: string | undefined, secret: Secret | undefined): string {
  if (message === undefined) return ''
  const key = secret?.reveal()
  const safe = (key ? message.replaceAll(key, '***') : message).replace(/sk-ant-[\w-]+/g, '***')
  return safe.length > MAX_MESSAGE ? `${safe.slice(0, MAX_MESSAGE - 1)}…` : safe
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function text(name: string, value: Json | undefined): JsonObject {
  return typeof value === 'string' && value !== '' ? { [name]: value } : {}
}
