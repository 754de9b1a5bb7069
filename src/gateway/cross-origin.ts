import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failure } from '../core/failure.ts'

/** Seconds that a browser keeps the answer to a preflight; Chromium keeps none for longer. */
const PREFLIGHT_SECONDS = '7200'

/** What pages of other origins may do at the paths of calls and models. */
export interface CrossOrigin {
  /** Lets the page read what comes, a refusal too; before any header is written. */
  mark(request: IncomingMessage, response: ServerResponse): void
  /** Answers what a browser asks before the request itself: it sends no key with that. @throws Failure `forbidden` */
  preflight(request: IncomingMessage, response: ServerResponse, method: string): void
}

/**
 * The rules for pages of these origins; `*` is all of them. Cookies are never allowed (no `allow-credentials`): a page has
 * to know a key, so that nobody's key is used by a page that he happens to open (Fetch standard, CORS protocol).
 */
export function crossOrigin(origins: readonly string[]): CrossOrigin {
  const isOpen = origins.includes('*')
  const named = new Set(origins.map(origin => origin.toLowerCase()))
  const allowedOf = ({ origin }: IncomingMessage['headers']) => {
    if (origin === undefined) return undefined
    if (isOpen) return '*'
    return named.has(origin.toLowerCase()) ? origin : undefined
  }
  const mark: CrossOrigin['mark'] = ({ headers }, response) => {
    // Else a cache would give one origin what was told to another.
    if (!isOpen) response.setHeader('vary', 'Origin')
    const allowed = allowedOf(headers)
    if (allowed === undefined) return
    response.setHeader('access-control-allow-origin', allowed)
    // Costs, limits and ids are told in headers; nothing is told in them that the page's key may not know.
    response.setHeader('access-control-expose-headers', '*')
  }
  return {
    mark,
    preflight(request, response, method) {
      if (allowedOf(request.headers) === undefined) {
        const why = 'pages of this origin may not call the gateway (tollgate_settings.cors_origins)'
        throw new Failure('forbidden', why, { code: 'origin_not_allowed' })
      }
      const asked = request.headers['access-control-request-headers']
      response.writeHead(204, {
        'access-control-allow-methods': method,
        // `*` would not hold for `authorization`.
        ...(asked !== undefined && { 'access-control-allow-headers': asked }),
        'access-control-max-age': PREFLIGHT_SECONDS,
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      })
      response.end()
    },
  }
}

/** Whether it is a browser's question before a request, and no plain OPTIONS. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}
