import type { FastifyReply } from 'fastify'
import type { Failure } from '../core/failure.ts'
import { errorBody, errorHeaders } from '../dialects/error-body.ts'

export type Refuse = (reply: FastifyReply, failure: Failure) => FastifyReply

/** Refuses before there is a call: the client gets an id all the same, since SDKs show it with every error. */
export function refusals(nextId: () => string): Refuse {
  return (reply, failure) =>
    reply
      .code(failure.verdict.status)
      .headers({ 'x-request-id': nextId(), ...errorHeaders(failure) })
      .send(errorBody(failure))
}
