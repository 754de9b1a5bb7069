import type { Answer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import type { Failure } from '../core/failure.ts'
import type { Frame } from '../core/frame.ts'
import type { Usage } from '../core/usage.ts'

/** What an upstream speaks: how an attempt is written as an HTTP request, and how the response is read back. */
export type Protocol = (attempt: Attempt) => Exchange

/** A text, its bytes, or the pieces of them. */
export type ExchangeBody = string | Uint8Array | readonly Uint8Array[]

/** One HTTP exchange with an upstream, written but not yet sent. */
export interface Exchange {
  /** Absolute: scheme, host, path and query. */
  readonly url: string
  /** Name, value, name, value, ... as undici takes them. Host, content-length and trace headers are added later. */
  readonly headers: readonly string[]
  readonly body: ExchangeBody
  /** Parameters that were asked for and are not in the body, because the upstream does not take them. */
  readonly dropped?: readonly string[] | undefined
  /** Reads a response with status 200 and an event stream. */
  readonly readStream: (answer: Answer) => StreamReader
  /** Reads a response with status 200 and a whole body. @throws Failure `bad_answer` when it is none. */
  readonly readWhole: (body: Buffer) => Reading
  /** Names what went wrong from any other response. `retry-after` is read elsewhere. */
  readonly readFailure: (status: number, body: Buffer) => Failure
}

/** Turns the bytes of an event stream into pushes on an answer. */
export interface StreamReader {
  /** The next bytes as they come off the wire; an event may be split over several. @throws Failure to break off. */
  chunk(bytes: Buffer): void
  /** Whether the stream has said itself that it is over (`[DONE]`): nothing behind that is read. */
  readonly isOver: boolean
  /** The stream is over, or its connection was closed in order. Gives the failure when that was before the answer was finished. */
  end(): Failure | undefined
}

/** A whole answer, read. */
export interface Reading {
  readonly frame: Frame
  readonly usage?: Usage | undefined
  readonly model?: string | undefined
  readonly responseId?: string | undefined
  readonly finishReason?: string | undefined
  /** Bytes of generated text, for an estimate when there is no usage. */
  readonly contentBytes?: number | undefined
}
