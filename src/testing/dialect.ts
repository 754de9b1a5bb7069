import type { JsonObject } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import type { ComposedAnswer } from './scripted-answer.ts'
import type { StreamEvent } from './sse-format.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** What a dialect writes an answer from. */
export interface Material {
  readonly request: UpstreamRequest
  readonly answer: ComposedAnswer
  /** What the answer reports; undefined when a fault withholds it. */
  readonly usage: Usage | undefined
  /** Seconds since 1970. */
  readonly createdS: number
  /** Length of embeddings that do not ask for one. */
  readonly dimensions: number
}

/** An error as upstreams tell it. */
export interface UpstreamError {
  readonly status: number
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly param?: string
}

/** What an upstream speaks for one operation: the wire format, and nothing of HTTP. */
export interface UpstreamDialect {
  /** What the provider would refuse about the request; undefined when it is fine. */
  check(request: UpstreamRequest): UpstreamError | undefined
  whole(material: Material): JsonObject
  /** Undefined: this operation has no streams. */
  readonly stream: ((material: Material) => readonly StreamEvent[]) | undefined
  error(error: UpstreamError): JsonObject
  /** The event that reports a failure in the middle of a stream. */
  errorEvent(error: UpstreamError): StreamEvent
  /** Whether the events of this stream tell the usage. */
  streamsUsage(request: UpstreamRequest): boolean
  /** The header that holds the provider's id of a request. */
  readonly requestIdHeader: string
}
