import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Caller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import type { Pieces } from '../core/pieces.ts'
import { readModelPath } from '../dialects/model-path.ts'
import type { Door } from './admission.ts'
import { refuse } from './deliver.ts'
import { awaitBody, readBody } from './read-body.ts'

/** Answers a request that was let in. A rejection means that nothing was answered. */
export type ServeCall = (asked: AskedCall, response: ServerResponse) => Promise<void>

export interface AskedCall {
  readonly request: IncomingMessage
  readonly body: Pieces
  /** What the path names; undefined: the body does. */
  readonly model: string | undefined
  /** Who was let in; undefined: nobody in particular. */
  readonly caller: Caller | undefined
}

/** A route that is served here: it takes POST alone. */
export interface CallRoute {
  readonly door: Door
  readonly serve: ServeCall
}

export interface CallServerOptions {
  /** By path; `{model}` stands for the name of any model. */
  readonly routes: ReadonlyMap<string, CallRoute>
  readonly bodyLimit: number
  /** Tells the client why there is no answer. */
  readonly turnAway: (response: ServerResponse, error: unknown) => void
}

/**
 * Serves the routes of calls; `others` get what else is asked. A call needs no more of a framework than its path, its
 * admission and its body; Fastify's way there costs an eighth of a small call beside the bare pass-through (decision 9).
 */
export function callServer(options: CallServerOptions, others: RequestListener): RequestListener {
  const { routes, bodyLimit, turnAway } = options
  const serve = (request: IncomingMessage, response: ServerResponse, { route, model, caller }: Admitted) => {
    const refusal = awaitBody(request, response, bodyLimit)
    if (refusal) return turnAway(response, refusal)
    readBody(request, bodyLimit, body => {
      if (body instanceof Failure) turnAway(response, body)
      else route.serve({ request, body, model, caller }, response).catch(error => turnAway(response, error))
    })
  }
  return (request, response) => {
    if (request.method !== 'POST') return others(request, response)
    try {
      const path = pathOf(request.url ?? '')
      const plain = routes.get(path)
      // Only what is none of the plain paths is taken apart.
      const named = plain ? undefined : readModelPath(path)
      const route = named ? routes.get(named.route) : plain
      if (!route) return others(request, response)
      const model = named?.model
      // Who it is comes first: a stranger's megabytes are not taken in.
      const caller = route.door(request)
      // A caller that is known is not waited for: a turn of the event loop per call costs more than looking it up.
      if (!(caller instanceof Promise)) return serve(request, response, { route, model, caller })
      caller
        .then(found => serve(request, response, { route, model, caller: found }))
        .catch(error => turnAway(response, error))
    } catch (error) {
      turnAway(response, error)
    }
  }
}

interface Admitted {
  readonly route: CallRoute
  readonly model: string | undefined
  readonly caller: Caller | undefined
}

/** The path of a target; of one in absolute form too, as proxies send them (RFC 9112, 3.2.2). */
export function pathOf(target: string): string {
  const url = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '')
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** Refuses before there is a call: the client gets an id all the same, since SDKs show it with every error. */
export const turningAway =
  (nextId: () => string): CallServerOptions['turnAway'] =>
  (response, error) => {
    const failure = Failure.from(error)
    // What is left of a body that is too large is not read, and one who stops reads nothing more.
    const closes = failure.kind === 'too_large' || failure.code === 'stopping'
    refuse(response, failure, { 'x-request-id': nextId(), ...(closes && { connection: 'close' }) })
  }
