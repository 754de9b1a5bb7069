import { type IncomingMessage, maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Failure } from '../core/failure.ts'
import { errorBody, errorHeaders } from '../dialects/error-body.ts'

const ANSWERS: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    message: `the headers are too large: together they may have ${maxHeaderSize} bytes`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'the request did not arrive in time' },
}

/** Answers what the HTTP parser itself refuses in the API's shape, and closes the connection. */
export const refuseBroken =
  (nextId: () => string) =>
  (error: Error & { readonly code?: string }, socket: Socket): void => {
    if (socket.destroyed || error.code === 'ECONNRESET') return
    // An answer that has begun must not get another one into its middle.
    if (!socket.writable || isAnswering(socket)) {
      socket.destroy()
      return
    }
    const { status, message } = ANSWERS[error.code ?? ''] ?? { status: 400, message: 'the request is not valid HTTP' }
    const failure = new Failure('invalid_request', message, { code: 'invalid_http', cause: error })
    const body = JSON.stringify(errorBody(failure))
    const headers = {
      'x-request-id': nextId(),
      ...errorHeaders(failure),
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
    socket.destroySoon()
  }

/** Node's server keeps the response in progress at its socket, and its own default looks there as well. */
function isAnswering(socket: Socket & { readonly _httpMessage?: { readonly headersSent: boolean } | null }): boolean {
  return socket._httpMessage?.headersSent === true
}

/**
 * Refuses a second Authorization header: Node takes the first and other readers the last, so two of them never mean one
 * thing. @throws Failure `invalid_request`
 */
export function refuseTwoKeys({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  let found = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 13 && name.toLowerCase() === 'authorization') found++
  }
  if (found < 2) return
  throw new Failure('invalid_request', 'there are several Authorization headers: send one', { code: 'invalid_http' })
}

/** Why a request of HTTP/1.1 without a Host is refused (RFC 9112, 3.2); undefined when there is one. */
export function withoutHost({
  httpVersion,
  headers,
}: Pick<IncomingMessage, 'httpVersion' | 'headers'>): Failure | undefined {
  if (headers.host !== undefined || httpVersion !== '1.1') return undefined
  return new Failure('invalid_request', 'the header Host is missing', { code: 'invalid_http' })
}

/** Why one is refused that expects what nobody here knows (RFC 9110, 10.1.1). */
export function unknownExpectation(): Failure {
  return new Failure('invalid_request', 'the header Expect asks for what is not known here', { code: 'invalid_http' })
}
