import type { Ms } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import type { Behaviour } from './behaviour.ts'
import type { Material, UpstreamDialect, UpstreamError } from './dialect.ts'
import type { CutFault, Ending, Fault, InsteadFault } from './fault.ts'
import { cutEvery, formatEvent, type StreamEvent, toWrites } from './sse-format.ts'

/** An answer down to its bytes: what goes over the wire, when, and how it stops. */
export interface Delivery {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Parts of the body; each goes out in a write of its own. */
  readonly writes: readonly Buffer[]
  /** Milliseconds before the head. */
  readonly headDelayMs: Ms
  /** Milliseconds between two writes. */
  readonly writeDelayMs: Ms
  /** When set, the head too goes out slowly. */
  readonly headBytesPerSecond: number | undefined
  readonly ending: Ending
  /** After how many bytes of the body the usage has been told. */
  readonly usageAt: number
}

/** What every delivery of a request starts from. */
export type DeliveryBase = Pick<Delivery, 'headers' | 'headDelayMs'>

/** A body that is sent as one piece. */
export function wholeDelivery(base: DeliveryBase, status: number, body: Buffer): Delivery {
  return {
    ...base,
    status,
    headers: { 'content-type': 'application/json', ...base.headers, 'content-length': String(body.length) },
    writes: [body],
    writeDelayMs: 0,
    headBytesPerSecond: undefined,
    ending: 'end',
    usageAt: Number.POSITIVE_INFINITY,
  }
}

/** An error in the words of a dialect. */
export function errorDelivery(base: DeliveryBase, dialect: UpstreamDialect, error: UpstreamError): Delivery {
  return wholeDelivery(base, error.status, toBytes(dialect.error(error)))
}

/** What a fault has instead of the answer. */
export function insteadDelivery(base: DeliveryBase, dialect: UpstreamDialect, fault: InsteadFault): Delivery {
  const headers = { ...base.headers, ...fault.headers }
  return wholeDelivery({ ...base, headers }, fault.status, toBytes(fault.body ?? dialect.error(fault.error)))
}

/** The answer in one piece, with what a fault does to it. */
export function answerDelivery(
  base: DeliveryBase,
  dialect: UpstreamDialect,
  { material, fault }: { readonly material: Material; readonly fault: Fault | undefined },
): Delivery {
  if (fault?.kind === 'stream-error') return errorDelivery(base, dialect, fault.error)
  const body = toBytes(dialect.whole(material))
  const delivery = { ...wholeDelivery(base, 200, body), ...(material.usage && { usageAt: body.length }) }
  return fault?.kind === 'cut' ? cutWhole(delivery, body, fault) : delivery
}

/** By `end` the shorter length is promised, so that nothing but the JSON is broken. */
function cutWhole(delivery: Delivery, body: Buffer, fault: CutFault): Delivery {
  const at = fault.inside === 'character' ? insideCharacter(body) : Math.floor(body.length / 2)
  const length = fault.by === 'end' ? at : body.length
  return {
    ...delivery,
    headers: { ...delivery.headers, 'content-length': String(length) },
    writes: [body.subarray(0, at)],
    ending: fault.by,
  }
}

/** What a stream is made from. */
export interface StreamParts {
  readonly events: readonly StreamEvent[]
  readonly behaviour: Pick<Behaviour, 'sse' | 'chunkDelayMs'>
  readonly fault: Fault | undefined
  readonly tellsUsage: boolean
}

/** The answer as server-sent events, with what a fault does to them. */
export function streamDelivery(base: DeliveryBase, dialect: UpstreamDialect, parts: StreamParts): Delivery {
  const { behaviour, fault, tellsUsage } = parts
  const events = alterEvents(parts.events, dialect, fault)
  const bytes = events.map(event => formatEvent(event, behaviour.sse))
  const usageIndex = tellsUsage ? events.findIndex(event => event.role === 'usage') : -1
  const untilUsage = bytes.slice(0, usageIndex + 1).reduce((sum, { length }) => sum + length, 0)
  const sent = fault?.kind === 'cut' ? cutEvents(events, bytes, fault) : bytes
  return {
    ...base,
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...base.headers },
    writes: toWrites(sent, behaviour.sse),
    writeDelayMs: behaviour.chunkDelayMs,
    headBytesPerSecond: undefined,
    ending: fault?.kind === 'cut' ? fault.by : 'end',
    usageAt: usageIndex === -1 ? Number.POSITIVE_INFINITY : untilUsage,
  }
}

/** Faults that any kind of answer can have: its name and its speed. */
export function disturb(delivery: Delivery, fault: Fault | undefined): Delivery {
  if (fault?.kind === 'content-type')
    return { ...delivery, headers: { ...delivery.headers, 'content-type': fault.value } }
  if (fault?.kind !== 'slow') return delivery
  const slowed = {
    ...delivery,
    headDelayMs: delivery.headDelayMs + fault.headDelayMs,
    headBytesPerSecond: fault.headBytesPerSecond,
  }
  return fault.bodyBytesPerSecond === undefined ? slowed : slowBody(slowed, fault.bodyBytesPerSecond)
}

/** At most twenty writes in a second, and none shorter than a byte. */
function slowBody(delivery: Delivery, bytesPerSecond: number): Delivery {
  const size = Math.max(1, Math.round(bytesPerSecond / 20))
  const writes = cutEvery(Buffer.concat(delivery.writes), size)
  return { ...delivery, writes, writeDelayMs: (size / bytesPerSecond) * 1000 }
}

function alterEvents(
  events: readonly StreamEvent[],
  dialect: UpstreamDialect,
  fault: Fault | undefined,
): readonly StreamEvent[] {
  if (fault?.kind === 'without' && fault.what === 'done') return events.filter(event => event.role !== 'done')
  if (fault?.kind !== 'stream-error') return events
  return [...events.slice(0, indexAfter(events, fault.afterChunks)), dialect.errorEvent(fault.error)]
}

function cutEvents(events: readonly StreamEvent[], bytes: readonly Buffer[], fault: CutFault): readonly Buffer[] {
  const index = indexAfter(events, fault.afterChunks)
  const next = bytes[index]
  const before = bytes.slice(0, index)
  if (fault.inside === 'nothing' || !next) return before
  const at = fault.inside === 'character' ? insideCharacter(next) : Math.floor(next.length / 2)
  return [...before, next.subarray(0, at)]
}

/** The index of the event after `count` pieces of content: the next piece, or whatever follows the last one. */
function indexAfter(events: readonly StreamEvent[], count: number): number {
  const contents = events.flatMap((event, index) => (event.role === 'content' ? [index] : []))
  return contents[count] ?? (contents.at(-1) ?? -1) + 1
}

/** The offset after the first byte of the first character that has several. */
function insideCharacter(bytes: Buffer): number {
  const index = bytes.findIndex(byte => byte >= 0xc0)
  return index === -1 ? Math.floor(bytes.length / 2) : index + 1
}

function toBytes(body: string | Uint8Array | JsonObject): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return Buffer.from(JSON.stringify(body))
}
