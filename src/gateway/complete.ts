import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Call, CallOptions } from '../core/call.ts'
import type { Caller } from '../core/caller.ts'
import { Cancellation } from '../core/cancellation.ts'
import { Failure } from '../core/failure.ts'
import type { Frame } from '../core/frame.ts'
import type { Operation } from '../core/request.ts'
import { readBytes } from '../dialects/openai.ts'
import { withUsage } from '../dialects/with-usage.ts'
import type { CallRouter } from '../router.ts'
import { deliver, refuse } from './deliver.ts'
import { type KeepaliveSettings, keepaliveOf } from './keepalive.ts'

export interface CompleteOptions {
  readonly router: CallRouter
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

/** Answers `/v1/chat/completions`, `/v1/completions` and `/v1/embeddings`: the way from the socket to the router and back. */
export const complete =
  (operation: Operation, options: CompleteOptions) =>
  async (request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined): Promise<void> => {
    const asked = readBytes(operation, bodyOf(request), request.headers)
    const cancellation = new Cancellation()
    const pool = options.model ?? asked.pool
    const allowed = allowedOptions(asked.options, caller, options.allowMocks)
    const recordTags = tagsFrom(request, options.tagHeaders)
    const known = recordTags ? { ...allowed, recordTags } : allowed
    const call = options.router.begin(
      { pool, request: options.streamUsage ? withUsage(asked.request) : asked.request, options: known },
      cancellation,
    )
    const response = reply.raw
    reply.hijack()
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
      else refuse(response, failure, call)
    }
  }

/** What the caller asked of the router, less what it may not, and with who it is. */
function allowedOptions(asked: CallOptions, caller: Caller | undefined, allowMocks: boolean): CallOptions {
  if (!asked.mock || allowMocks) return caller ? { caller, ...asked } : asked
  const { mock, ...rest } = asked
  return caller ? { caller, ...rest } : rest
}

/** `name: value` of the headers that are there, as LiteLLM writes them; undefined for none. */
function tagsFrom({ headers }: FastifyRequest, names: readonly string[]): readonly string[] | undefined {
  if (names.length === 0) return undefined
  const tags = names.flatMap(name => (headers[name] === undefined ? [] : [`${name}: ${String(headers[name])}`]))
  return tags.length > 0 ? tags : undefined
}

const NO_BODY = Buffer.alloc(0)

function bodyOf(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : NO_BODY
}
