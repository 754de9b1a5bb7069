import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Failure } from '../core/failure.ts'
import { type CallServerOptions, pathOf } from './call-server.ts'
import { type CrossOrigin, isPreflight } from './cross-origin.ts'
import { methodAt } from './routes.ts'

export interface MethodParts {
  readonly pages: CrossOrigin
  readonly turnAway: CallServerOptions['turnAway']
}

/** Answers other methods than a route's own, and browsers' preflights; `next` gets everything else. */
export function otherMethods({ pages, turnAway }: MethodParts, next: RequestListener): RequestListener {
  return (request, response) => {
    const found = methodAt(pathOf(request.url ?? ''))
    if (!found || found.method === request.method) return next(request, response)
    try {
      answer(request, response, { ...found, pages })
    } catch (error) {
      turnAway(response, error)
    }
  }
}

interface Found {
  readonly method: string
  /** Whether pages of other origins may be let in. */
  readonly forPages: boolean
  readonly pages: CrossOrigin
}

/** @throws Failure `wrong_method`, `forbidden` */
function answer(request: IncomingMessage, response: ServerResponse, { method, forPages, pages }: Found): void {
  if (forPages && isPreflight(request)) return pages.preflight(request, response, method)
  response.setHeader('allow', `${method}, OPTIONS`)
  if (request.method !== 'OPTIONS') throw wrongMethod(request.method, method)
  response.writeHead(204)
  response.end()
}

export function wrongMethod(method: string | undefined, allowed: string): Failure {
  return new Failure('wrong_method', `${method} does nothing here: use ${allowed}`, { code: 'wrong_method' })
}
