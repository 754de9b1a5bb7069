import type { Answer } from '../core/answer.ts'
import type { Call, CallRecord } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { ulids } from '../core/id.ts'
import { Pieces } from '../core/pieces.ts'
import type { Operation } from '../core/request.ts'
import { answerHeaders } from '../dialects/answer-headers.ts'
import { errorBody, errorHeaders } from '../dialects/error-body.ts'
import { eventText } from '../dialects/event-text.ts'
import { readModelPath } from '../dialects/model-path.ts'
import { readBytes } from '../dialects/openai.ts'
import { wholeAsStream } from '../dialects/whole-as-stream.ts'
import type { CallRouter } from '../router.ts'
import { cancelWith } from './abort.ts'
import { framesOf } from './chunks.ts'

const PATHS: readonly (readonly [string, Operation])[] = [
  ['/chat/completions', 'chat'],
  ['/completions', 'completion'],
  ['/embeddings', 'embedding'],
]

const encoder = new TextEncoder()

/**
 * A WHATWG fetch that is answered by a router in this process: for SDKs that take one. Whatever host the URL names, its
 * path decides: `/chat/completions`, `/completions`, `/embeddings`, and what of `/openai/deployments/{model}` goes before them.
 */
export const routerFetch = (router: CallRouter): typeof fetch => {
  const nextId = ulids(systemClock.now)
  return async (input, init) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    const operation = operationOf(pathname)
    if (!operation || request.method !== 'POST') return refusal(notServed(request), { id: nextId() })
    const cancellation = new Cancellation()
    const release = cancelWith(cancellation, request.signal)
    let call: Call | undefined
    try {
      const asked = readBytes(
        operation,
        new Pieces([new Uint8Array(await request.arrayBuffer())]),
        Object.fromEntries(request.headers),
        readModelPath(pathname)?.model,
      )
      call = router.begin(asked, cancellation)
      const answer = await router.answer(call)
      answer.onEnd(release)
      return call.request.streamed
        ? streamed({ call, answer, cancellation, signal: request.signal })
        : await whole(call, answer, cancellation)
    } catch (error) {
      release()
      request.signal.throwIfAborted()
      return refusal(Failure.from(error), { id: call?.id ?? nextId(), record: call?.record })
    }
  }
}

function operationOf(path: string): Operation | undefined {
  return PATHS.find(([suffix]) => path.endsWith(suffix))?.[1]
}

function notServed(request: Request): Failure {
  return new Failure('unknown_route', `router.fetch does not serve ${request.method} ${new URL(request.url).pathname}`)
}

/** What is refused before there is a call has an id of its own. */
function refusal(failure: Failure, { id, record }: { id: string; record?: CallRecord | undefined }): Response {
  const headers = { 'x-request-id': id, ...(record && { 'x-tollgate-call-id': id }), ...errorHeaders(failure) }
  return Response.json(errorBody(failure, record?.attempts), { status: failure.verdict.status, headers })
}

async function whole(call: Call, answer: Answer, cancellation: Cancellation): Promise<Response> {
  for await (const frame of framesOf(answer, cancellation)) {
    const headers = headersOf(call, answer)
    headers.set('content-type', 'application/json; charset=utf-8')
    return new Response(new Uint8Array(frame.bytes), { headers })
  }
  throw new Failure('bad_answer', 'the answer was empty')
}

interface Streaming {
  readonly call: Call
  readonly answer: Answer
  readonly cancellation: Cancellation
  readonly signal: AbortSignal
}

function streamed({ call, answer, cancellation, signal }: Streaming): Response {
  const frames = framesOf(answer, cancellation)
  const headers = headersOf(call, answer)
  headers.set('content-type', 'text/event-stream; charset=utf-8')
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const step = await frames.next()
        if (step.done) controller.close()
        else
          controller.enqueue(
            new Uint8Array((answer.streamed ? step.value : wholeAsStream(step.value, call.request)).bytes),
          )
      } catch (error) {
        // Whoever aborts gets the abort, as from any fetch, and no answer about it.
        if (signal.aborted) return controller.error(signal.reason)
        controller.enqueue(encoder.encode(eventText(errorBody(Failure.from(error), call.record.attempts))))
        controller.close()
      }
    },
    async cancel() {
      await frames.return?.()
    },
  })
  return new Response(body, { headers })
}

function headersOf(call: Call, answer: Answer): Headers {
  const headers = new Headers()
  const flat = answerHeaders(call, answer)
  for (let at = 0; at + 1 < flat.length; at += 2) headers.set(flat[at] ?? '', flat[at + 1] ?? '')
  return headers
}
