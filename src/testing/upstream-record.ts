import type { Ms } from '../core/clock.ts'
import type { Usage } from '../core/usage.ts'
import type { Fault } from './fault.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** Who ended an exchange: `us` is the upstream, by its last byte or by a scripted fault; `open` when nobody has yet. */
export type ClosedBy = 'us' | 'client' | 'open'

/** One request and what became of it. The fields after the request's own change until `closed` is no longer `open`. */
export interface UpstreamRecord extends UpstreamRequest {
  /** The header `x-tollgate-attempt-id`, when there was one. */
  readonly attemptId: string | undefined
  /** When the request had been read, in milliseconds of the upstream's clock (by default since 1970). */
  readonly arrivedMs: Ms
  /** The scripted fault that it met. */
  readonly fault: Fault | undefined
  /** The status that was sent; undefined while there is none, or when none ever came. */
  readonly status: number | undefined
  /** What the upstream counted for its answer, told to the client or not; undefined when it gave no answer. */
  readonly counted: Usage | undefined
  /** What it told the client: set when the last byte that holds it was written. Undefined: withheld, or cut off before. */
  readonly usage: Usage | undefined
  /** Bytes of the body that were written. */
  readonly bytesOut: number
  readonly closed: ClosedBy
  /** When it was closed, in milliseconds of the upstream's clock. */
  readonly closedMs: Ms | undefined
}

/** The same, for the upstream itself, which fills it in. */
export type OpenRecord = { -readonly [Field in keyof UpstreamRecord]: UpstreamRecord[Field] }

/** A record of a request that has just arrived. */
export function openRecord(request: UpstreamRequest, arrivedMs: Ms): OpenRecord {
  const attemptId = request.headers['x-tollgate-attempt-id']
  return {
    ...request,
    attemptId: typeof attemptId === 'string' ? attemptId : undefined,
    arrivedMs,
    fault: undefined,
    status: undefined,
    counted: undefined,
    usage: undefined,
    bytesOut: 0,
    closed: 'open',
    closedMs: undefined,
  }
}
