/** One server-sent event of an answer, and what part it plays there. */
export interface StreamEvent {
  /** The event's name, for dialects that have names. */
  readonly name?: string
  readonly data: string
  /** `content` carries a piece of the answer, `usage` the final counts, `done` the dialect's farewell. */
  readonly role: 'content' | 'usage' | 'done' | 'other'
}

/** How server-sent events are put on the wire: everything that a decoder must cope with. */
export interface SseOptions {
  /** What ends a line; the standard allows three. Default a line feed. */
  readonly lineEnd?: '\n' | '\r\n' | '\r'
  /** Whether a space follows the colon of a field. Default true. */
  readonly space?: boolean
  /** A comment with this text stands before every event, as some providers do while a model thinks. Default none. */
  readonly comment?: string
  /** How many events go out in one write. Default 1. */
  readonly eventsPerWrite?: number
  /** Cuts the stream into writes of this many bytes, wherever events or characters end. Wins over `eventsPerWrite`. */
  readonly bytesPerWrite?: number
  /** Cuts the stream into writes at these byte offsets, in ascending order. Wins over both. */
  readonly cutAt?: readonly number[]
}

/** The bytes of an event. */
export function formatEvent(event: StreamEvent, options: SseOptions): Buffer {
  const end = options.lineEnd ?? '\n'
  const colon = options.space === false ? ':' : ': '
  const lines: string[] = []
  if (options.comment !== undefined) lines.push(`: ${options.comment}`, '')
  if (event.name !== undefined) lines.push(`event${colon}${event.name}`)
  for (const line of event.data.split('\n')) lines.push(`data${colon}${line}`)
  lines.push('', '')
  return Buffer.from(lines.join(end))
}

/** Distributes the bytes of events over writes. */
export function toWrites(events: readonly Buffer[], options: SseOptions): readonly Buffer[] {
  if (options.cutAt) return cutAt(Buffer.concat(events), options.cutAt)
  if (options.bytesPerWrite !== undefined) return cutEvery(Buffer.concat(events), options.bytesPerWrite)
  const count = Math.max(1, options.eventsPerWrite ?? 1)
  if (count === 1) return events
  const writes: Buffer[] = []
  for (let start = 0; start < events.length; start += count)
    writes.push(Buffer.concat(events.slice(start, start + count)))
  return writes
}

/** Cuts bytes into pieces of `size`; the last may be shorter. */
export function cutEvery(bytes: Buffer, size: number): readonly Buffer[] {
  const step = Math.max(1, Math.floor(size))
  const pieces: Buffer[] = []
  for (let start = 0; start < bytes.length; start += step) pieces.push(bytes.subarray(start, start + step))
  return pieces
}

function cutAt(bytes: Buffer, offsets: readonly number[]): readonly Buffer[] {
  const edges = [0, ...offsets.filter(offset => offset > 0 && offset < bytes.length), bytes.length]
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}
