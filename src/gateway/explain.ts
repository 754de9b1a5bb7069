import type { FastifyRequest } from 'fastify'
import type { Caller } from '../core/caller.ts'
import type { JsonObject } from '../core/json.ts'
import { Pieces } from '../core/pieces.ts'
import { readBytes } from '../dialects/openai.ts'
import { explanationBody } from '../insight/explanation.ts'
import type { CallRouter } from '../router.ts'
import { asCaller } from './as-caller.ts'

/** `POST /v1/route/explain`: takes the body of a chat call, and tells where it would go and why. Nothing is dialled. */
export async function explain(router: CallRouter, request: FastifyRequest, caller?: Caller): Promise<JsonObject> {
  const bytes = new Pieces(request.body instanceof Uint8Array ? [request.body] : [])
  const asked = asCaller(readBytes('chat', bytes, request.headers), caller, router)
  return explanationBody(await router.explain(asked))
}
