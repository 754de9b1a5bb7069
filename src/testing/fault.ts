import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Ms } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import type { UpstreamError } from './dialect.ts'

/** How an exchange stops: properly, by closing the connection (FIN), by resetting it (RST), or by silence. */
export type Ending = 'end' | 'close' | 'reset' | 'stall'

/** What goes wrong with one answer. Made by the functions of `fault`; `name` says in words which one it is. */
export type Fault = { readonly name: string } & (
  | InsteadFault
  | { readonly kind: 'drop'; readonly by: 'close' | 'reset' }
  | { readonly kind: 'hang' }
  | CutFault
  | SlowFault
  | { readonly kind: 'without'; readonly what: 'usage' | 'done' }
  | { readonly kind: 'stream-error'; readonly afterChunks: number; readonly error: UpstreamError }
  | { readonly kind: 'long-line'; readonly bytes: number }
  | { readonly kind: 'content-type'; readonly value: string }
)

/** Something else is sent instead of the answer. Without a body: an error in the words of the operation's provider. */
export interface InsteadFault {
  readonly kind: 'instead'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | JsonObject | undefined
  readonly error: UpstreamError
}

export interface CutFault extends Required<CutOptions> {
  readonly kind: 'cut'
  readonly by: Ending
}

export interface SlowFault {
  readonly kind: 'slow'
  /** Milliseconds before the head, beside the upstream's latency. */
  readonly headDelayMs: Ms
  readonly headBytesPerSecond: number | undefined
  readonly bodyBytesPerSecond: number | undefined
}

export interface StatusOptions {
  /** The header `retry-after`, as it is: seconds, an HTTP date, or nonsense. */
  readonly retryAfter?: string
  readonly headers?: Readonly<Record<string, string>>
  /** `error.message`, `error.type` and `error.code` of the body. */
  readonly message?: string
  readonly type?: string
  readonly code?: string
  /** The whole body, instead of an error in the provider's words. */
  readonly body?: string | Uint8Array | JsonObject
}

export interface CutOptions {
  /** How many pieces of content a stream brings before it breaks; a whole answer breaks in its middle. Default 1. */
  readonly afterChunks?: number
  /** Where the last byte falls: between two events, inside the next data line, or inside a UTF-8 character. */
  readonly inside?: 'nothing' | 'line' | 'character'
}

export interface BombOptions {
  /** Size after unpacking, in bytes. Default 64 MiB. */
  readonly bytes?: number
  /** How many times it is packed. Default 1. */
  readonly layers?: number
  readonly encoding?: 'gzip' | 'br'
}

/** Everything that an upstream can do wrong, as one word each. */
export const fault = {
  /** A status with an error body, such as 429 with Retry-After. */
  status: (status: number, options: StatusOptions = {}): Fault => {
    const { retryAfter, headers = {}, message = `Mock failure with status ${status}`, code, body } = options
    const error = { status, type: options.type ?? errorType(status), message, ...(code !== undefined && { code }) }
    const sent = { ...(retryAfter !== undefined && { 'retry-after': retryAfter }), ...headers }
    return { kind: 'instead', name: `status ${status}`, status, headers: sent, body, error }
  },
  /** The connection is reset (RST) once the request has been read, before a byte of the answer. */
  reset: (): Fault => ({ kind: 'drop', name: 'reset', by: 'reset' }),
  /** The connection is closed (FIN) once the request has been read, before a byte of the answer. */
  hangUp: (): Fault => ({ kind: 'drop', name: 'hang up', by: 'close' }),
  /** Nothing is ever sent, and the connection stays. */
  hang: (): Fault => ({ kind: 'hang', name: 'hang' }),
  /**
   * The answer breaks off: by `end` the connection stays in order, so that a stream merely lacks its end and a whole
   * answer is half of its JSON; by `close` or `reset` the connection goes with it.
   */
  cut: (by: 'end' | 'close' | 'reset', options: CutOptions = {}): Fault => cut(by, `cut by ${by}`, options),
  /** The answer begins, and then comes nothing more. */
  stall: (options: CutOptions = {}): Fault => cut('stall', 'stall', options),
  /** The head comes late by `delayMs`, or byte by byte. */
  slowHeaders: (options: { readonly delayMs?: Ms; readonly bytesPerSecond?: number }): Fault => ({
    ...slow('slow headers', options.delayMs),
    headBytesPerSecond: options.bytesPerSecond,
  }),
  /** The body comes in pieces, at this speed. */
  slowBody: (bytesPerSecond: number): Fault => ({ ...slow('slow body'), bodyBytesPerSecond: bytesPerSecond }),
  /** Any bytes as the body, with status 200 and as JSON unless told otherwise. */
  body: (body: string | Uint8Array, options: { readonly status?: number; readonly contentType?: string } = {}): Fault =>
    instead('body', body, options),
  /** Status 200 with a body that is no JSON. */
  garbage: (): Fault => instead('garbage', '{"id": "chatcmpl-mock", "choices": [{"ind\u0000ex": nope'),
  /** Status 200 with a web page, as captive portals and wrong base URLs give. */
  html: (): Fault =>
    instead('html', '<!doctype html><title>Welcome</title><h1>It works!</h1>', { contentType: 'text/html' }),
  /** Status 200 with an error object. */
  errorInOk: (message = 'Mock failure told with status 200'): Fault =>
    instead('error in ok', JSON.stringify({ error: { message, type: 'server_error', param: null, code: null } })),
  /** A stream that reports an error after some pieces of content, and ends. A whole answer is an error with status 200. */
  streamError: (
    options: { readonly afterChunks?: number; readonly message?: string; readonly type?: string } = {},
  ): Fault => {
    const { afterChunks = 1, message = 'Mock failure in mid-stream', type = 'server_error' } = options
    return { kind: 'stream-error', name: 'stream error', afterChunks, error: { status: 200, type, message } }
  },
  /** The answer is in order but does not tell its usage. */
  noUsage: (): Fault => ({ kind: 'without', name: 'no usage', what: 'usage' }),
  /** The stream ends without `[DONE]` (`message_stop` with Anthropic). */
  noDone: (): Fault => ({ kind: 'without', name: 'no done', what: 'done' }),
  /** The whole text comes in one event, on one line, of at least so many bytes. Default 10 MiB. */
  longLine: (bytes = 10 * 2 ** 20): Fault => ({ kind: 'long-line', name: 'long line', bytes }),
  /** The answer is in order but named wrongly. */
  contentType: (value: string): Fault => ({ kind: 'content-type', name: `content type ${value}`, value }),
  /** A redirect. Default status 302. */
  redirect: (location: string, status = 302): Fault => fault.status(status, { headers: { location }, body: '' }),
  /** Status 200 with a small body that unpacks to a huge one, of spaces. */
  gzipBomb: (options: BombOptions = {}): Fault => bomb(options),
} as const

function cut(by: Ending, name: string, { afterChunks = 1, inside = 'nothing' }: CutOptions): Fault {
  const place = inside === 'nothing' ? '' : ` inside a ${inside}`
  return { kind: 'cut', name: `${name} after ${afterChunks} chunks${place}`, by, afterChunks, inside }
}

function slow(name: string, headDelayMs: Ms = 0): Fault & SlowFault {
  return { kind: 'slow', name, headDelayMs, headBytesPerSecond: undefined, bodyBytesPerSecond: undefined }
}

function instead(
  name: string,
  body: string | Uint8Array,
  options: { readonly status?: number; readonly contentType?: string; readonly headers?: Record<string, string> } = {},
): Fault {
  const { status = 200, contentType = 'application/json', headers } = options
  const error = { status, type: errorType(status), message: name }
  return { kind: 'instead', name, status, headers: { 'content-type': contentType, ...headers }, body, error }
}

function bomb({ bytes = 64 * 2 ** 20, layers = 1, encoding = 'gzip' }: BombOptions): Fault {
  const pack = encoding === 'gzip' ? gzipSync : brotliCompressSync
  let body: Buffer = Buffer.alloc(bytes, ' ')
  for (let layer = 0; layer < layers; layer++) body = pack(body)
  const packed = Array.from({ length: layers }, () => encoding).join(', ')
  return instead('gzip bomb', body, { headers: { 'content-encoding': packed } })
}

/** `error.type` as OpenAI and Anthropic name it. */
function errorType(status: number): string {
  const types: Readonly<Record<number, string>> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  }
  return types[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
}
