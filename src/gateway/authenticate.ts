import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Callers } from '../access/callers.ts'
import { type Caller, plainCaller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import type { Secret } from '../core/secret.ts'

/** Who may use the gateway; undefined where anybody may. A promise only for callers that must be looked up. */
export type Authenticate = (headers: IncomingHttpHeaders) => Caller | undefined | Promise<Caller>

/** Where clients put their key, besides `Authorization: Bearer`. */
const KEY_HEADERS = [
  'x-litellm-api-key',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'ocp-apim-subscription-key',
] as const

export interface AuthenticateOptions {
  readonly masterKey?: Secret | undefined
  readonly keyHeader?: string | undefined
  /** Who knows the virtual keys. Undefined: there are none. */
  readonly callers?: Pick<Callers, 'find' | 'everybody' | 'master'> | undefined
}

/**
 * Lets callers in that have the master key or a virtual one; everybody when there is no master key (then only this
 * machine is listened to).
 * @throws Failure `unauthorized`, with no more of the key that was sent than its last characters.
 */
export function authentication({ masterKey, keyHeader, callers }: AuthenticateOptions): Authenticate {
  if (!masterKey) {
    const everybody = callers?.everybody()
    return () => everybody
  }
  const expected = Buffer.from(masterKey.reveal())
  const master = callers?.master() ?? plainCaller('master', 'proxy_admin')
  return headers => {
    const key = keyOf(headers, keyHeader)
    if (key === undefined || key === '') throw new Failure('unauthorized', HOW, { code: 'missing_api_key' })
    if (isSame(key, expected)) return master
    if (callers) return callers.find(key)
    throw new Failure('unauthorized', 'the API key is wrong', { code: 'invalid_api_key' })
  }
}

const HOW = 'no API key was sent: send `Authorization: Bearer KEY` or `x-api-key: KEY`'

/** In constant time but for the length, which is no secret. A hash would hide that too, and cost 4 µs per call. */
function isSame(key: string, expected: Buffer): boolean {
  // A key of another length is another key, whatever is in it; most calls have virtual ones, and need no copy of it.
  if (key.length > expected.length) return false
  const sent = Buffer.from(key)
  return sent.length === expected.length && timingSafeEqual(sent, expected)
}

function keyOf(headers: IncomingHttpHeaders, keyHeader: string | undefined): string | undefined {
  const own = keyHeader === undefined ? undefined : one(headers[keyHeader.toLowerCase()])
  if (own) return bare(own)
  const authorization = headers.authorization
  if (authorization && /^bearer /i.test(authorization)) return authorization.slice(7).trim()
  for (const name of KEY_HEADERS) {
    const value = one(headers[name])
    if (value) return bare(value)
  }
  return undefined
}

function bare(value: string): string {
  return value.replace(/^bearer /i, '').trim()
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
