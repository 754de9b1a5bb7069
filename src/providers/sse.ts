import { Failure } from '../core/failure.ts'

const LF = 10
const CR = 13

/** The longest line, and so the longest event, that an upstream may send. */
export const MAX_EVENT_BYTES: number = 1 << 20

/**
 * Cuts an event stream at its blank lines (LF, CRLF or CR; https://html.spec.whatwg.org/multipage/server-sent-events.html)
 * without decoding it. `onEvents` gets the whole events of a chunk as one piece, in the upstream's own bytes and without
 * a copy unless an event began in an earlier chunk.
 */
export class SseSplitter {
  readonly #onEvents: (bytes: Buffer) => void
  #rest: Buffer | undefined

  constructor(onEvents: (bytes: Buffer) => void) {
    this.#onEvents = onEvents
  }

  /** @throws Failure `bad_answer` when an event grows beyond MAX_EVENT_BYTES. */
  push(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    // What waited has no blank line in it, but may hold the beginning of one.
    const end = lastBoundary(bytes, this.#rest ? Math.max(this.#rest.length - 2, 0) : 0)
    const rest = end === bytes.length ? undefined : bytes.subarray(end)
    if (rest && rest.length > MAX_EVENT_BYTES) {
      throw new Failure('bad_answer', `the upstream sent a server-sent event of more than ${MAX_EVENT_BYTES} bytes`)
    }
    this.#rest = rest
    if (end > 0) this.#onEvents(rest ? bytes.subarray(0, end) : bytes)
  }

  /** What came after the last blank line: an event that was never finished. */
  get rest(): Buffer | undefined {
    return this.#rest
  }
}

/** The index after the last blank line, or 0; looked for behind `from` only. */
function lastBoundary(bytes: Buffer, from: number): number {
  for (let end = bytes.length; end > 1 && end > from; end--) {
    const last = bytes[end - 1]
    if (last !== LF && last !== CR) continue
    const before = bytes[end - 2]
    if (last === LF && before === LF) return end
    if (last === CR && before === CR) return end
    if (last === LF && before === CR && end > 2 && (bytes[end - 3] === LF || bytes[end - 3] === CR)) return end
  }
  return 0
}

/** The events of a piece that ends with a blank line, each as its own slice, blank line included. */
export function* eventsOf(bytes: Buffer): Generator<Buffer> {
  let start = 0
  for (let at = 0; at < bytes.length; at++) {
    const end = blankLineEnd(bytes, at)
    if (end === 0) continue
    yield bytes.subarray(start, end)
    start = end
    at = end - 1
  }
  if (start < bytes.length) yield bytes.subarray(start)
}

/** If a line ends at `at` and the next one is empty: the index after both; else 0. */
function blankLineEnd(bytes: Buffer, at: number): number {
  const first = lineEnd(bytes, at)
  if (first === 0) return 0
  return lineEnd(bytes, first)
}

function lineEnd(bytes: Buffer, at: number): number {
  if (bytes[at] === LF) return at + 1
  if (bytes[at] !== CR) return 0
  return bytes[at + 1] === LF ? at + 2 : at + 1
}

/** The fields of one event that matter here. */
export interface ServerSentEvent {
  readonly event: string | undefined
  readonly data: string
}

/** Decodes one event; undefined when it carries no data (comments, keep-alives). */
export function parseEvent(bytes: Buffer): ServerSentEvent | undefined {
  let event: string | undefined
  let data: string | undefined
  for (const line of bytes.toString('utf8').split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'event') event = value
    if (name === 'data') data = data === undefined ? value : `${data}\n${value}`
  }
  return data === undefined ? undefined : { event, data }
}
