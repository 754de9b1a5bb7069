import { isAscii, isUtf8 } from 'node:buffer'
import { Failure } from '../core/failure.ts'
import { outline } from '../core/json-scan.ts'
import { parseAround } from '../core/long-texts.ts'
import type { Source } from '../core/request.ts'

/** How deep a request body may nest. */
export const MAX_DEPTH = 64
/** Strings of so many bytes are decoded when somebody reads them: cutting out a shorter one takes as long as decoding it. */
const LONG_BYTES = 4_096

/** A body, and what is known of its text. */
export interface ParsedBody {
  readonly value: unknown
  readonly source: Source
}

/** Reads a body as JSON. @throws Failure `invalid_request`, saying what is wrong with it. */
export function parseBody(bytes: Uint8Array): ParsedBody {
  if (bytes.length === 0) throw new Failure('invalid_request', 'the body is empty', { code: 'invalid_body' })
  // RFC 8259, 8.1. The bytes go on as they came: every reader must find the same text in them.
  const ascii = isAscii(bytes)
  if (!ascii && !isUtf8(bytes))
    throw new Failure('invalid_request', 'the body is not valid UTF-8', { code: 'invalid_json' })
  const {
    isTooDeep,
    member,
    longTexts: spans,
  } = outline(bytes, { name: 'model', deepest: MAX_DEPTH, longFrom: LONG_BYTES })
  if (isTooDeep) {
    throw new Failure('invalid_request', `the body nests deeper than ${MAX_DEPTH} levels`, { code: 'invalid_body' })
  }
  const parse = ascii ? parseAscii : parseUtf8
  if (spans.length === 0) return { value: parse(bytes), source: { bytes, model: member } }
  const { value, longTexts } = parseAround(bytes, spans, parse)
  return { value, source: { bytes, model: member, longTexts } }
}

/** Where there is nothing to decode, the bytes are copied as they are: 25 µs for 450 kB against 150. */
const parseAscii = (bytes: Uint8Array) => parseText(bytes, 'latin1')
const parseUtf8 = (bytes: Uint8Array) => parseText(bytes, 'utf8')

function parseText(bytes: Uint8Array, encoding: 'latin1' | 'utf8'): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding))
  } catch (error) {
    const where = error instanceof SyntaxError ? `: ${error.message.replace(/"[^"]*"/g, '').slice(0, 120)}` : ''
    throw new Failure('invalid_request', `the body is not valid JSON${where}`, { code: 'invalid_json', cause: error })
  }
}
