import type { FastifyReply } from 'fastify'
import type { Failure } from '../core/failure.ts'
import { errorBody, errorHeaders } from '../dialects/error-body.ts'

export interface RefuseOptions {
  /** The message also as `detail`, where clients of LiteLLM's management API look for it. */
  readonly detailed?: boolean
}

export type Refuse = (reply: FastifyReply, failure: Failure, options?: RefuseOptions) => FastifyReply

/** Refuses before there is a call: the client gets an id all the same, since SDKs show it with every error. */
export function refusals(nextId: () => string): Refuse {
  return (reply, failure, { detailed = false } = {}) => {
    const body = errorBody(failure)
    return reply
      .code(failure.verdict.status)
      .headers({ 'x-request-id': nextId(), ...errorHeaders(failure) })
      .send(detailed ? { ...body, detail: body } : body)
  }
}
