import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'reset the connection',
  ENOTFOUND: 'has a host name that cannot be resolved',
  EAI_AGAIN: 'has a host name that could not be resolved just now',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'did not accept the connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'did not accept the connection in time',
  UND_ERR_SOCKET: 'closed the connection',
  UND_ERR_HEADERS_OVERFLOW: 'sent too many headers',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'sent another number of bytes than it said',
  CERT_HAS_EXPIRED: 'has an expired certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a self-signed certificate in its chain',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate that cannot be verified',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another host',
}

/** Names a fault of the connection. `begun` says whether the response had begun: then it broke off. */
export function connectionFailure(error: unknown, deployment: Deployment, begun: boolean): Failure {
  if (error instanceof Failure) return error
  const { provider, model, baseUrl } = deployment
  const code = codeOf(error)
  const known = code !== undefined && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined
  const reason = unaskedContinue(error) ?? known ?? (begun ? 'broke off the answer' : 'could not be called')
  const where = originOf(baseUrl)
  return new Failure(begun ? 'broken_off' : 'unreachable', `${provider}/${model} (${where}) ${reason}`, {
    cause: error,
  })
}

/** To a call, undici's client says this in one case alone: of a `100 Continue` that it has not asked for (`Expect`). */
function unaskedContinue(error: unknown): string | undefined {
  const isThat = error instanceof Error && codeOf(error) === 'UND_ERR_SOCKET' && error.message === 'bad response'
  return isThat ? UNASKED_CONTINUE : undefined
}

const UNASKED_CONTINUE =
  'answered `100 Continue`, for which nobody had asked, and the connection was closed: let the server, or the proxy before it, send that only to an `Expect: 100-continue`'

/** The code of an error, or of the first of those that it sums up (a host with several addresses). */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return error.cause === undefined ? undefined : codeOf(error.cause)
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'no valid URL'
}
