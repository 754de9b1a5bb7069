import { isAscii, isUtf8 } from 'node:buffer'
import { Failure } from '../core/failure.ts'
import { nestsDeeperThan } from '../core/json-scan.ts'

/** How deep a request body may nest. */
export const MAX_DEPTH = 64

/** Reads a body as JSON. @throws Failure `invalid_request`, saying what is wrong with it. */
export function parseBody(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw new Failure('invalid_request', 'the body is empty', { code: 'invalid_body' })
  // RFC 8259, 8.1. The bytes go on as they came: every reader must find the same text in them.
  const ascii = isAscii(bytes)
  if (!ascii && !isUtf8(bytes))
    throw new Failure('invalid_request', 'the body is not valid UTF-8', { code: 'invalid_json' })
  if (nestsDeeperThan(bytes, MAX_DEPTH)) {
    throw new Failure('invalid_request', `the body nests deeper than ${MAX_DEPTH} levels`, { code: 'invalid_body' })
  }
  try {
    // Where there is nothing to decode, the bytes are copied as they are: 25 µs for 450 kB against 150.
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(ascii ? 'latin1' : 'utf8'))
  } catch (error) {
    const where = error instanceof SyntaxError ? `: ${error.message.replace(/"[^"]*"/g, '').slice(0, 120)}` : ''
    throw new Failure('invalid_request', `the body is not valid JSON${where}`, { code: 'invalid_json', cause: error })
  }
}
