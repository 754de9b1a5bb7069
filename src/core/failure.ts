import type { JsonObject } from './json.ts'
import type { Usage } from './usage.ts'

/** What a kind of failure means to everyone who must act on it. */
export interface Verdict {
  /** The HTTP status told to the client. */
  readonly status: number
  /** `error.type` in OpenAI's error shape. */
  readonly type: string
  /** May another attempt, here or elsewhere, succeed? */
  readonly again: boolean
  /** Does it count against the deployment's health? */
  readonly blames: boolean
  /** May the provider have billed for it? */
  readonly charges: boolean
}

const INVALID = 'invalid_request_error'

/** The only place where such a judgement is written down: retries, health, metering and the HTTP edge all read it. */
const verdicts = {
  // The client's doing.
  invalid_request: { status: 400, type: INVALID, again: false, blames: false, charges: false },
  unauthorized: { status: 401, type: 'authentication_error', again: false, blames: false, charges: false },
  forbidden: { status: 403, type: 'permission_error', again: false, blames: false, charges: false },
  unknown_model: { status: 404, type: INVALID, again: false, blames: false, charges: false },
  unknown_route: { status: 404, type: INVALID, again: false, blames: false, charges: false },
  wrong_method: { status: 405, type: INVALID, again: false, blames: false, charges: false },
  not_found: { status: 404, type: 'not_found_error', again: false, blames: false, charges: false },
  too_large: { status: 413, type: INVALID, again: false, blames: false, charges: false },
  unsupported_media: { status: 415, type: INVALID, again: false, blames: false, charges: false },
  cancelled: { status: 499, type: 'cancelled', again: false, blames: false, charges: true },
  // The gateway's own refusals.
  limited: { status: 429, type: 'rate_limit_error', again: false, blames: false, charges: false },
  over_budget: { status: 429, type: 'budget_exceeded', again: false, blames: false, charges: false },
  deployment_over_budget: { status: 429, type: 'budget_exceeded', again: true, blames: false, charges: false },
  unpriced: { status: 403, type: 'permission_error', again: true, blames: false, charges: false },
  unavailable: { status: 503, type: 'service_unavailable', again: false, blames: false, charges: false },
  not_implemented: { status: 501, type: INVALID, again: false, blames: false, charges: false },
  internal: { status: 500, type: 'internal_error', again: false, blames: false, charges: false },
  // What upstreams do.
  rejected: { status: 400, type: INVALID, again: false, blames: false, charges: false },
  context_too_long: { status: 400, type: INVALID, again: true, blames: false, charges: false },
  content_refused: { status: 400, type: INVALID, again: true, blames: false, charges: false },
  rate_limited: { status: 429, type: 'rate_limit_error', again: true, blames: true, charges: false },
  refused_credentials: { status: 502, type: 'upstream_error', again: true, blames: true, charges: false },
  unknown_upstream_model: { status: 502, type: 'upstream_error', again: true, blames: true, charges: false },
  overloaded: { status: 503, type: 'upstream_error', again: true, blames: true, charges: false },
  upstream_error: { status: 502, type: 'upstream_error', again: true, blames: true, charges: false },
  bad_answer: { status: 502, type: 'upstream_error', again: true, blames: true, charges: true },
  unreachable: { status: 502, type: 'upstream_error', again: true, blames: true, charges: false },
  out_of_time: { status: 504, type: 'timeout_error', again: false, blames: false, charges: true },
  timed_out: { status: 504, type: 'timeout_error', again: true, blames: true, charges: true },
  broken_off: { status: 502, type: 'upstream_error', again: true, blames: true, charges: true },
} as const satisfies Record<string, Verdict>

export type FailureKind = keyof typeof verdicts

/** Whether what another process calls a kind of failure is one. */
export function isFailureKind(name: unknown): name is FailureKind {
  return typeof name === 'string' && Object.hasOwn(verdicts, name)
}

export interface FailureOptions {
  readonly cause?: unknown
  /** How long the upstream, or we, ask the caller to stay away, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** `error.code` for the client; the kind by default. */
  readonly code?: string | undefined
  /** `error.param`: the request field that is wrong. */
  readonly param?: string | undefined
  /** The HTTP status that the upstream answered with. */
  readonly upstreamStatus?: number | undefined
  /** What the upstream reported of an answer that was not used. */
  readonly usage?: Usage | undefined
  /** More about it for the client, as data: `error.provider_specific_fields`. */
  readonly details?: JsonObject | undefined
}

/** Why an attempt, or a whole call, has no answer. The only error that crosses a boundary inside tollgate. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind
  readonly retryAfterMs: number | undefined
  readonly code: string
  readonly param: string | undefined
  readonly upstreamStatus: number | undefined
  readonly usage: Usage | undefined
  readonly details: JsonObject | undefined

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.retryAfterMs = options.retryAfterMs
    this.code = options.code ?? kind
    this.param = options.param
    this.upstreamStatus = options.upstreamStatus
    this.usage = options.usage
    this.details = options.details
  }

  get verdict(): Verdict {
    return verdicts[this.kind]
  }

  /** Gives any thrown value its place in the table. */
  static from(error: unknown): Failure {
    if (error instanceof Failure) return error
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof Error && error.name === 'AbortError')
      return new Failure('cancelled', message, { cause: error })
    return new Failure('internal', message, { cause: error })
  }
}
