import type { IncomingHttpHeaders } from 'node:http'
import type { Callers } from '../access/callers.ts'
import type { Call, CallOptions } from '../core/call.ts'
import { Cancellation } from '../core/cancellation.ts'
import { Failure } from '../core/failure.ts'
import type { Frame } from '../core/frame.ts'
import type { Operation } from '../core/request.ts'
import { type Asked, readBytes } from '../dialects/openai.ts'
import { withUsage } from '../dialects/with-usage.ts'
import type { CallRouter } from '../router.ts'
import { asCaller, withSubjects } from './as-caller.ts'
import type { ServeCall } from './call-server.ts'
import { deliver, refuseCall } from './deliver.ts'
import { type KeepaliveSettings, keepaliveOf } from './keepalive.ts'

export interface CompleteOptions {
  readonly router: CallRouter
  /** Who knows end users and tags. Undefined: nobody keeps money. */
  readonly callers?: Pick<Callers, 'withSubjects'> | undefined
  /** Calls under way, so that a stop can wait for them. */
  readonly underWay: Set<Cancellation>
  /** Whether `mock_*` in request bodies is obeyed. */
  readonly allowMocks: boolean
  /** Names of headers that become tags of records. */
  readonly tagHeaders: readonly string[]
  /** Replaces the model of every request, where the operator says so (`completion_model`). */
  readonly model: string | undefined
  readonly keepalive: KeepaliveSettings
  /** Streams end with their usage unless the client says that it wants none. */
  readonly streamUsage: boolean
  /** Makes the changes to an answer's frames, where there are to be any. */
  readonly rewriteFor: (call: Call) => ((frame: Frame) => Uint8Array) | undefined
}

/** Answers `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings` and those that name the model in the path: the way from the socket to the router and back. */
export const complete =
  (operation: Operation, options: CompleteOptions): ServeCall =>
  async ({ request: { headers }, body, model, caller: sender }, response) => {
    const read = readBytes(operation, body, headers, model)
    const said = asCaller(changed(read, headers, options), sender, options.router)
    const { callers } = options
    const known = sender && callers ? withSubjects(said, { callers, caller: sender, headers }) : sender
    const caller = known instanceof Promise ? await known : known
    // Who leaves while somebody is looked up is told of nothing any more, and nothing is dialled for them.
    if (response.destroyed) return
    const cancellation = new Cancellation()
    const asked = caller && caller !== sender ? { ...said, options: { ...said.options, caller } } : said
    const call = options.router.begin(asked, cancellation)
    options.underWay.add(cancellation)
    response.on('close', () => {
      options.underWay.delete(cancellation)
      if (!response.writableFinished) cancellation.cancel(new Failure('cancelled', 'the client left'))
    })
    try {
      const answer = await options.router.answer(call)
      deliver(response, call, answer, {
        keepaliveMs: keepaliveOf(answer.deployment, call.options, options.keepalive),
        rewrite: options.rewriteFor(call),
      })
    } catch (error) {
      const failure = Failure.from(error)
      if (failure.kind === 'cancelled') response.destroy()
      else refuseCall(response, failure, call)
    }
  }

/** What the operator's settings make of a request. */
function changed(
  read: Asked,
  headers: IncomingHttpHeaders,
  { model, streamUsage, allowMocks, tagHeaders }: CompleteOptions,
): Asked {
  const options = read.options.mock && !allowMocks ? withoutMock(read.options) : read.options
  const recordTags = tagsFrom(headers, tagHeaders)
  return {
    pool: model ?? read.pool,
    request: streamUsage ? withUsage(read.request) : read.request,
    options: recordTags ? { ...options, recordTags } : options,
  }
}

function withoutMock({ mock, ...options }: CallOptions): CallOptions {
  return options
}

/** `name: value` of the headers that are there, as LiteLLM writes them; undefined for none. */
function tagsFrom(headers: IncomingHttpHeaders, names: readonly string[]): readonly string[] | undefined {
  if (names.length === 0) return undefined
  const tags = names.flatMap(name => (headers[name] === undefined ? [] : [`${name}: ${String(headers[name])}`]))
  return tags.length > 0 ? tags : undefined
}
