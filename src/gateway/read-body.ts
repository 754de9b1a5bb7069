import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Failure } from '../core/failure.ts'
import { Pieces } from '../core/pieces.ts'

/** A client may send byte by byte: so many of its pieces become one, so that 32 MiB are 8,000 at most. */
const JOINED_PIECES = 4_096

/** Told once: the whole body, or why there is none. Never, when the client leaves before the end. */
export type OnBody = (body: Pieces | Failure) => void

/**
 * Tells why a body is not taken, by its headers alone: it is no JSON, or larger than `limit` bytes. Refusing other types
 * also keeps web pages of other origins out: they cannot send this one without asking first. The client of a body that is
 * taken is told to go on, if it waits for that.
 */
export function awaitBody(request: IncomingMessage, response: ServerResponse, limit: number): Failure | undefined {
  const refusal = refusalOf(request, limit)
  if (!refusal && isWaiting(request)) response.writeContinue()
  return refusal
}

/** Whether the client waits to be told to go on. Other expectations are refused before; HTTP/1.0 has none. */
export function isWaiting({ headers, httpVersionMinor }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersionMinor === 1
}

/** Takes in a body of at most `limit` bytes, as it is: the dialects parse it. `awaitBody` comes first. */
export function readBody(request: IncomingMessage, limit: number, done: OnBody): void {
  const pieces: Buffer[] = []
  let latest: Buffer[] = []
  let length = 0
  const take = (chunk: Buffer) => {
    length += chunk.length
    if (length > limit) {
      request.off('data', take).off('end', end)
      return done(tooLarge())
    }
    latest.push(chunk)
    if (latest.length < JOINED_PIECES) return
    pieces.push(Buffer.concat(latest))
    latest = []
  }
  const end = () => done(new Pieces(pieces.length === 0 ? latest : [...pieces, ...latest]))
  // Without a listener, a client that leaves in its middle would be an error that nobody catches.
  request.on('data', take).on('end', end).on('error', ignore)
}

function refusalOf({ headers }: IncomingMessage, limit: number): Failure | undefined {
  const type = headers['content-type']
  const length = headers['content-length']
  if (type === undefined && !headers['transfer-encoding'] && (length === undefined || length === '0')) return undefined
  if (type !== JSON_TYPE && !isJson(type)) return notJson()
  return packed(headers) ?? (Number(length) > limit ? tooLarge() : undefined)
}

const JSON_TYPE = 'application/json'

/** Whatever its parameters (`charset`). */
function isJson(type: string | undefined): boolean {
  return type?.split(';', 1)[0]?.trim().toLowerCase() === JSON_TYPE
}

/** The refusal of a body that would have to be unpacked, whose size nobody knows before. */
export function packed({ 'content-encoding': encoding = '' }: IncomingHttpHeaders): Failure | undefined {
  if (encoding === '' || encoding.toLowerCase() === 'identity') return undefined
  const what = `\`content-encoding: ${encoding.slice(0, 40)}\``
  return new Failure('unsupported_media', `send the body without ${what}: it is not unpacked here`)
}

export function tooLarge(): Failure {
  return new Failure('too_large', 'the body is larger than this gateway takes (tollgate_settings.body_limit_mb)')
}

export function notJson(): Failure {
  return new Failure('unsupported_media', 'send the body as `content-type: application/json`')
}

const ignore = () => {}
