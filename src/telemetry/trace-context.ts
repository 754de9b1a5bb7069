import { randomFillSync } from 'node:crypto'
import { createTraceState, type SpanContext } from '@opentelemetry/api'

/** version, trace id, parent id, flags; a version after 00 may add fields. https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/** Reads the caller's trace context by the rules of W3C; undefined when it has none, or one that must be ignored. */
export function parseTraceparent(traceparent: string | undefined, tracestate?: string): SpanContext | undefined {
  if (!traceparent) return undefined
  const match = TRACEPARENT.exec(traceparent.trim())
  if (!match) return undefined
  const [, version, traceId = NO_TRACE, spanId = NO_SPAN, flags = '00', more] = match
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
  return tracestate ? { ...parent, traceState: createTraceState(tracestate) } : parent
}

/** The headers that carry a span to the next service: names and values, alternating. */
export function traceparentHeaders(span: SpanContext): readonly string[] {
  const flags = (span.traceFlags & 1) === 1 ? '01' : '00'
  const traceparent = ['traceparent', `00-${span.traceId}-${span.spanId}-${flags}`]
  const state = span.traceState?.serialize()
  return state ? [...traceparent, 'tracestate', state] : traceparent
}

/** Random bytes are drawn so many at a time, and made text in pieces: 0.04 µs for an id, where a draw for each takes 1.2. */
const DRAWN = 4_096

/**
 * So many ids share a text that they are parts of. Whoever keeps one of them for long keeps no more than that, which a text of
 * all that is drawn would be.
 */
const IDS_OF_A_TEXT = 16

/** Gives random ids of so many bytes, in hexadecimal digits. */
export function hexIds(idBytes: number, fill: (bytes: Buffer) => void = randomFillSync): () => string {
  const bytes = Buffer.allocUnsafe(DRAWN)
  const textBytes = idBytes * IDS_OF_A_TEXT
  const digits = idBytes * 2
  let drawn = bytes.length
  let text = ''
  let at = 0
  return () => {
    if (at === text.length) {
      if (drawn === bytes.length) {
        fill(bytes)
        drawn = 0
      }
      text = bytes.toString('hex', drawn, drawn + textBytes)
      drawn += textBytes
      at = 0
    }
    at += digits
    return text.slice(at - digits, at)
  }
}
