import type { Dispatcher } from 'undici'
import { Answer, type Source, wholeAnswer } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import type { Handler } from '../core/handler.ts'
import { Pieces } from '../core/pieces.ts'
import { connectionFailure } from './connection-failure.ts'
import type { Dialler } from './dialler.ts'
import type { Exchange, ExchangeBody, Protocol, StreamReader } from './protocol.ts'
import { encoded, type Headers, isEventStream, shownHeaders } from './response-headers.ts'
import { retryAfterMs } from './retry-after.ts'
import { MAX_EVENT_BYTES } from './sse.ts'

/** The largest whole answer that is taken. */
const MAX_ANSWER_BYTES = 64 << 20
/** The most that a stream may bring before its first content. It is buffered until then, and may be a single event of the largest size. */
const MAX_PRELUDE_BYTES = MAX_EVENT_BYTES + (4 << 20)
/** How much of an error's body is read; the rest is cut off. */
const MAX_ERROR_BYTES = 64 << 10
/** How long, in ms, a response may go on after its answer is over. After that its connection is closed instead of used again. */
const LINGER_MS = 1_000

export interface HttpProviderOptions {
  readonly dialler: Dialler
  /** More headers for an attempt (`traceparent`): name, value, name, value, ... */
  readonly attemptHeaders?: ((attempt: Attempt) => readonly string[]) | undefined
}

/** A provider reached over HTTP: writes the request in its protocol, sends it, and reads the answer. */
export const httpProvider =
  (protocol: Protocol, { dialler, attemptHeaders }: HttpProviderOptions): Handler<Attempt> =>
  attempt =>
    new Promise((resolve, reject) => {
      const exchange = protocol(attempt)
      if (exchange.dropped) attempt.attempt.droppedParameters = exchange.dropped
      const headers = [...exchange.headers, 'x-tollgate-attempt-id', attempt.attempt.id]
      if (attemptHeaders) headers.push(...attemptHeaders(attempt))
      const body = dispatched(exchange.body, headers)
      const conversation = new Conversation(attempt, exchange, { resolve, reject })
      if (attempt.cancellation.reason) return
      try {
        const { dispatcher, path } = dialler.line(exchange.url, attempt.deployment)
        dispatcher.dispatch({ path, method: 'POST', headers, body }, conversation)
      } catch (error) {
        reject(connectionFailure(error, attempt.deployment, false))
      }
    })

type DispatchBody = NonNullable<Dispatcher.DispatchOptions['body']>

/** Undici cannot know the length of a list of pieces, so the header is set here. It takes them as documented, but its types do not say so. */
function dispatched(body: ExchangeBody, headers: string[]): DispatchBody {
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  headers.push('content-length', String(new Pieces(body).length))
  return body as unknown as DispatchBody
}

interface Settle {
  readonly resolve: (answer: Answer) => void
  readonly reject: (failure: Failure) => void
}

interface StreamBody {
  readonly kind: 'stream'
  readonly answer: Answer
  readonly reader: StreamReader
}

/** What kind of body the response has; `unknown` until its head has arrived. */
type Body =
  | { readonly kind: 'unknown' }
  | StreamBody
  | { readonly kind: 'whole'; readonly status: number; readonly chunks: Buffer[]; readonly limit: number }

/** One request and its response: undici's handler on one side, the source of the answer on the other. */
class Conversation implements Dispatcher.DispatchHandler, Source {
  readonly #attempt: Attempt
  readonly #exchange: Exchange
  readonly #settle: Settle
  #release: () => void = nothing
  #controller: Dispatcher.DispatchController | undefined
  #body: Body = { kind: 'unknown' }
  #size = 0
  #retryAfterMs: number | undefined
  #headers: Record<string, string> | undefined
  #closed = false
  #lingering: NodeJS.Timeout | undefined

  constructor(attempt: Attempt, exchange: Exchange, settle: Settle) {
    this.#attempt = attempt
    this.#exchange = exchange
    this.#settle = settle
    // If it is cancelled already, the listener runs at once, before there is anything to release.
    const release = attempt.cancellation.onCancel(reason => this.#cancelled(reason))
    if (!this.#closed) this.#release = release
  }

  // ── what the answer asks ──

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  abort(reason: Failure): void {
    this.#close()
    this.#controller?.abort(reason)
  }

  // ── what undici tells ──

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#closed) controller.abort(this.#attempt.cancellation.reason ?? new Error('closed'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return
    this.#headers = shownHeaders(headers)
    const ok = isSuccess(status)
    if (!ok) this.#retryAfterMs = retryAfterMs(headers, Date.now)
    if (encoded(headers))
      return this.#fail(
        new Failure('bad_answer', `${this.#who()} answered with a content encoding that was not asked for`),
      )
    if (ok && isEventStream(headers)) return this.#beginStream()
    this.#body = { kind: 'whole', status, chunks: [], limit: ok ? MAX_ANSWER_BYTES : MAX_ERROR_BYTES }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const body = this.#body
    if (this.#closed || body.kind === 'unknown') return
    if (body.kind === 'stream') return this.#stream(body, chunk)
    this.#size += chunk.length
    if (this.#size <= body.limit) body.chunks.push(chunk)
    else if (isSuccess(body.status))
      this.#fail(new Failure('bad_answer', `${this.#who()} sent an answer of more than ${body.limit} bytes`))
    else {
      this.#end()
      controller.abort(new Error('the error is long enough'))
    }
  }

  onResponseEnd(): void {
    clearTimeout(this.#lingering)
    this.#end()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#lingering)
    if (this.#closed) return
    this.#fail(connectionFailure(error, this.#attempt.deployment, this.#body.kind !== 'unknown'))
  }

  // ── how it goes on ──

  #beginStream(): void {
    const answer = new Answer(this.#attempt.deployment, true, this)
    answer.upstreamHeaders = this.#headers
    if (!this.#attempt.request.streamed) {
      return this.#fail(new Failure('bad_answer', `${this.#who()} streamed an answer that was asked for as a whole`))
    }
    this.#body = { kind: 'stream', answer, reader: this.#exchange.readStream(answer) }
    this.#settle.resolve(answer)
  }

  #stream(body: StreamBody, chunk: Buffer): void {
    const { answer, reader } = body
    if (!answer.isCommitted) {
      // Nobody reads the answer yet, so there is no backpressure: the size must be bounded here.
      this.#size += chunk.length
      if (this.#size > MAX_PRELUDE_BYTES)
        return this.#fail(new Failure('bad_answer', `${this.#who()} sent ${this.#size} bytes without any content`))
    }
    try {
      reader.chunk(chunk)
    } catch (error) {
      return this.#fail(Failure.from(error))
    }
    if (this.#closed || !reader.isOver) return
    this.#endStream(body)
    this.#linger()
  }

  /**
   * Reads the rest of a response whose answer is over, so that its connection can be used again, also where the answer's reader
   * had paused it. Whatever happens to the connection now does not change the answer.
   */
  #linger(): void {
    const controller = this.#controller
    this.#lingering = setTimeout(() => controller?.abort(new Error('the answer is over')), LINGER_MS).unref()
    controller?.resume()
  }

  #end(): void {
    const body = this.#body
    if (this.#closed) return
    if (body.kind === 'stream') this.#endStream(body)
    else if (body.kind === 'whole') this.#endWhole(body.status, joined(body.chunks))
    else this.#fail(new Failure('bad_answer', `${this.#who()} ended the response before its head`))
  }

  #endStream({ answer, reader }: StreamBody): void {
    try {
      const failure = reader.end()
      this.#close()
      if (failure) answer.fail(failure)
      else answer.complete()
    } catch (error) {
      this.#fail(Failure.from(error))
    }
  }

  #endWhole(status: number, bytes: Buffer): void {
    if (!isSuccess(status)) return this.#fail(this.#named(status, bytes))
    try {
      const reading = this.#exchange.readWhole(bytes)
      this.#close()
      const answer = wholeAnswer(this.#attempt.deployment, reading.frame, reading)
      answer.upstreamHeaders = this.#headers
      this.#settle.resolve(answer)
    } catch (error) {
      this.#fail(Failure.from(error))
    }
  }

  #named(status: number, bytes: Buffer): Failure {
    if (status >= 300 && status < 400)
      return new Failure('upstream_error', `${this.#who()} answered with a redirect, which is never followed`, {
        upstreamStatus: status,
      })
    const { kind, message, code, param, cause } = this.#exchange.readFailure(status, bytes)
    return new Failure(kind, message, { code, param, cause, upstreamStatus: status, retryAfterMs: this.#retryAfterMs })
  }

  #cancelled(reason: Failure): void {
    if (this.#closed) return
    // undici names a controller when the connection stands and the request is about to be written.
    if (!this.#controller) this.#attempt.attempt.isUnsent = true
    if (this.#body.kind !== 'stream') this.#fail(reason)
    else if (reason.kind === 'cancelled') this.#body.answer.abandon(reason)
    else this.#body.answer.breakOff(reason)
  }

  /** Tells the failure to whoever waits, and the upstream to stop. */
  #fail(failure: Failure): void {
    if (this.#closed) return
    this.#close()
    if (this.#body.kind === 'stream') this.#body.answer.fail(failure)
    else this.#settle.reject(failure)
    this.#controller?.abort(failure)
  }

  #close(): void {
    this.#closed = true
    this.#release()
  }

  #who(): string {
    const { provider, model } = this.#attempt.deployment
    return `${provider}/${model}`
  }
}

/** Any 2xx, since some hosts answer with 201 or 202. Whether it is an answer is judged by its body, as OpenAI's own clients do. */
function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** Small answers come as one chunk, which needs no copy. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks
  return only && chunks.length === 1 ? only : Buffer.concat(chunks)
}

const nothing = () => {}
