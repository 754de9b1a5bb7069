import type { ServerResponse } from 'node:http'
import type { Answer, End, Reader } from '../core/answer.ts'
import type { Call, CallRecord } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import type { Frame } from '../core/frame.ts'
import { answerHeaders } from '../dialects/answer-headers.ts'
import { errorBody, errorHeaders } from '../dialects/error-body.ts'
import { eventText } from '../dialects/event-text.ts'
import { wholeAsStream } from '../dialects/whole-as-stream.ts'

export interface DeliverOptions {
  /** Silence after which a comment is sent, in milliseconds. Undefined: never. */
  readonly keepaliveMs?: number | undefined
  /** Changes a frame on its way out; undefined when nothing is to be changed. */
  readonly rewrite?: ((frame: Frame) => Uint8Array) | undefined
}

/** Writes an answer to the client as it comes. */
export function deliver(response: ServerResponse, call: Call, answer: Answer, options: DeliverOptions = {}): void {
  if (!call.request.streamed) answer.read(new WholeWriter(response, call, answer, options))
  else answer.read(new StreamWriter(response, call, answer, options))
}

/** Writes a refusal, with the table's status and OpenAI's error shape, and further headers. */
export function refuse(response: ServerResponse, failure: Failure, headers: Readonly<Record<string, string>>): void {
  writeRefusal(response, failure, { headers })
}

/** The same of a call that has begun. */
export function refuseCall(response: ServerResponse, failure: Failure, { id, record }: Call): void {
  writeRefusal(response, failure, { headers: { 'x-request-id': id, 'x-tollgate-call-id': id }, record })
}

interface RefusalContext {
  readonly headers: Readonly<Record<string, string>>
  readonly record?: CallRecord
}

function writeRefusal(response: ServerResponse, failure: Failure, { headers, record }: RefusalContext): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const body = Buffer.from(JSON.stringify(errorBody(failure, record?.attempts)))
  response.writeHead(failure.verdict.status, {
    ...headers,
    ...errorHeaders(failure, { standings: record?.standings }),
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
  })
  response.end(body)
}

/** A whole answer: one frame, with its length told before. */
class WholeWriter implements Reader {
  readonly #response: ServerResponse
  readonly #call: Call
  readonly #answer: Answer
  readonly #options: DeliverOptions
  #sent = false

  constructor(response: ServerResponse, call: Call, answer: Answer, options: DeliverOptions) {
    this.#response = response
    this.#call = call
    this.#answer = answer
    this.#options = options
  }

  frame(frame: Frame): boolean {
    const bytes = this.#options.rewrite?.(frame) ?? frame.bytes
    this.#sent = true
    const first = ['content-type', 'application/json; charset=utf-8', 'content-length', String(bytes.byteLength)]
    this.#response.writeHead(200, answerHeaders(this.#call, this.#answer, first))
    this.#response.end(bytes)
    return true
  }

  end({ failure }: End): void {
    if (!this.#sent)
      refuseCall(this.#response, failure ?? new Failure('bad_answer', 'the answer was empty'), this.#call)
  }
}

/**
 * How long a client may take nothing of what waits for it. Who reads at all, however slowly, empties the response's buffer
 * sooner; who has stopped would hold its upstream, and its place there, until the call's deadline.
 */
const STALL_MS = 120_000

const STREAM_HEADERS = [
  'content-type',
  'text/event-stream; charset=utf-8',
  'cache-control',
  'no-cache',
  'x-accel-buffering',
  'no',
]

/** A stream: frames as they come, held back by a slow client; a failure becomes an error event, never a silent end. */
class StreamWriter implements Reader {
  readonly #response: ServerResponse
  readonly #call: Call
  readonly #answer: Answer
  readonly #options: DeliverOptions
  #keepalive: NodeJS.Timeout | undefined
  #stalled: NodeJS.Timeout | undefined

  constructor(response: ServerResponse, call: Call, answer: Answer, options: DeliverOptions) {
    this.#response = response
    this.#call = call
    this.#answer = answer
    this.#options = options
    response.on('drain', () => {
      clearTimeout(this.#stalled)
      answer.resume()
    })
    response.on('close', () => clearTimeout(this.#stalled))
    response.writeHead(200, answerHeaders(call, answer, STREAM_HEADERS))
    if (options.keepaliveMs !== undefined) this.#startKeepalive(options.keepaliveMs)
  }

  frame(frame: Frame): boolean {
    this.#keepalive?.refresh()
    const event = this.#answer.streamed ? frame : wholeAsStream(frame, this.#call.request)
    const taken = this.#response.write(this.#options.rewrite?.(event) ?? event.bytes)
    if (!taken) this.#stalled = setTimeout(() => this.#response.destroy(), STALL_MS).unref()
    return taken
  }

  end({ outcome, failure }: End): void {
    clearInterval(this.#keepalive)
    if (outcome === 'abandoned') this.#response.destroy()
    else if (failure) this.#response.end(eventText(errorBody(failure, this.#call.record.attempts)))
    else this.#response.end()
  }

  #startKeepalive(ms: number): void {
    this.#keepalive = setInterval(() => {
      // A client that does not read needs no company.
      if (!this.#response.writableNeedDrain) this.#response.write(': ping\n\n')
    }, ms)
    this.#keepalive.unref()
    this.#answer.onEnd(() => clearInterval(this.#keepalive))
  }
}
