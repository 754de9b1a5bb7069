import type { JsonObject } from './json.ts'

/** What is asked of a model. Each is served at `/v1/<path>`. */
export type Operation = 'chat' | 'completion' | 'embedding'

/** A request in OpenAI's vocabulary, the one in the middle: every dialect is read into it, every provider writes from it. */
export interface Request {
  readonly operation: Operation
  /** The parsed body as the client sent it, `model` included. Unknown parameters are passed on. */
  readonly body: JsonObject
  /** The bytes it was parsed from, when there were any: sent on with as little change as possible. */
  readonly bytes?: Uint8Array
  /** Whether the client asked for a stream. */
  readonly streamed: boolean
}
