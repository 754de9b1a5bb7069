import type { JsonObject } from './json.ts'
import type { Span } from './json-scan.ts'
import type { LongTexts } from './long-texts.ts'
import type { Pieces } from './pieces.ts'

/** What is asked of a model. Each is served at `/v1/<path>`. */
export type Operation = 'chat' | 'completion' | 'embedding'

/** A request in OpenAI's vocabulary, the one in the middle: every dialect is read into it, every provider writes from it. */
export interface Request {
  readonly operation: Operation
  /** The parsed body as the client sent it, `model` included, without what speaks to the router. Unknown parameters are passed on. */
  readonly body: JsonObject
  /** The text it was parsed from, when there was one: sent on with as little change as possible. */
  readonly source?: Source
  /** Whether the client asked for a stream. */
  readonly streamed: boolean
}

/** A client's body as it came, without the members that speak to the router. */
export interface Source {
  readonly bytes: Pieces
  /** Where the value of `model` stands; undefined when that cannot be told for sure. */
  readonly model: Span | undefined
  /** Strings of the body that are decoded when somebody reads them. */
  readonly longTexts?: LongTexts
  /** Members that the body has and the bytes do not. */
  readonly added?: JsonObject
}
