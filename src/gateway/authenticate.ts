import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Caller, plainCaller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import type { Secret } from '../core/secret.ts'

/** Who may use the gateway; undefined where anybody may. A promise only for callers that must be looked up. */
export type Authenticate = (headers: IncomingHttpHeaders) => Caller | undefined | Promise<Caller>

/** Where clients put their key, besides `Authorization: Bearer`. */
const KEY_HEADERS = ['x-litellm-api-key', 'x-api-key', 'api-key'] as const

/**
 * Lets callers in that have the master key; everybody when there is none (then only this machine is listened to).
 * @throws Failure `unauthorized`, without a trace of the key that was sent.
 */
export function masterKeyOnly(masterKey: Secret | undefined, keyHeader?: string): Authenticate {
  if (!masterKey) return () => undefined
  const expected = Buffer.from(masterKey.reveal())
  const caller = plainCaller('master', 'proxy_admin')
  return headers => {
    const key = keyOf(headers, keyHeader)
    if (key === undefined) throw new Failure('unauthorized', HOW, { code: 'missing_api_key' })
    if (!isSame(Buffer.from(key), expected))
      throw new Failure('unauthorized', 'the API key is wrong', { code: 'invalid_api_key' })
    return caller
  }
}

const HOW = 'no API key was sent: send `Authorization: Bearer KEY` or `x-api-key: KEY`'

/** In constant time but for the length, which is no secret. A hash would hide that too, and cost 4 µs per call. */
function isSame(sent: Buffer, expected: Buffer): boolean {
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
