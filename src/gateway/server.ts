import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Cancellation } from '../core/cancellation.ts'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { ulids } from '../core/id.ts'
import type { CallRouter } from '../router.ts'
import { admission } from './admission.ts'
import { authentication } from './authenticate.ts'
import { Bindings } from './bindings.ts'
import { refuseBroken, unknownExpectation, withoutHost } from './broken-requests.ts'
import { callServer, pathOf, turningAway } from './call-server.ts'
import { crossOrigin } from './cross-origin.ts'
import { callRoutes } from './doors.ts'
import { callHandlers } from './handlers.ts'
import { otherMethods } from './methods.ts'
import { methodAt } from './routes.ts'
import type { MoneyParts, ServerSettings } from './server-settings.ts'

export type { MoneyParts, ServerSettings }

export interface Gateway {
  /** Starts listening; port 0 takes a free one. Gives the address, such as `http://127.0.0.1:4000`. */
  listen(at?: { readonly host?: string; readonly port?: number }): Promise<string>
  /** From now on readiness says no, and calls are served all the same. */
  drain(): void
  /** Stops accepting, lets calls under way end for `graceMs` (default 10,000), then breaks them off. */
  stop(graceMs?: number): Promise<void>
  /**
   * Serves everything but calls, and takes requests without a socket (`inject`). Its hooks do not see calls. It is loaded
   * after the start, or by the first who asks for it.
   */
  fastify(): Promise<FastifyInstance>
}

const DEFAULT_BODY_LIMIT = 32 << 20
const GRACE_MS = 10_000
/** How often a server that stops looks for connections whose answers have ended. */
const SWEEP_MS = 50
/** How long clients have to take in why their answers break off. */
const LAST_WORDS_MS = 1_000

/** The HTTP server in front of a router. */
export function createGateway(router: CallRouter, settings: ServerSettings = {}): Gateway {
  const underWay = new Set<Cancellation>()
  const state = { draining: false, stopping: false }
  const nextId = ulids(systemClock.now)
  const turnAway = turningAway(nextId)
  const authenticate = authentication({ ...settings, callers: settings.money?.callers })
  const doors = { settings, authenticate, admission: admission(settings) }
  const bodyLimit = settings.bodyLimitBytes ?? DEFAULT_BODY_LIMIT
  const routes = callRoutes(doors, callHandlers({ router, settings, underWay }))
  let loading: Promise<FastifyInstance> | undefined
  const fastify = () => {
    // It takes a quarter of a start, which calls do not wait for.
    loading ??= import('./app.ts').then(({ openApp }) => openApp({ router, settings, state, doors, bodyLimit, nextId }))
    return loading
  }
  const others = (request: IncomingMessage, response: ServerResponse) => {
    fastify().then(
      app => app.routing(request, response),
      error => turnAway(response, error),
    )
  }
  const { corsOrigins = [] } = settings
  const pages = crossOrigin(corsOrigins)
  const serve = callServer({ routes, bodyLimit, turnAway }, otherMethods({ pages, turnAway }, others))
  const isForPages = corsOrigins.length > 0
  const bindings = new Bindings({
    onRequest(request, response) {
      if (isForPages && methodAt(pathOf(request.url ?? ''))?.forPages) pages.mark(request, response)
      const refusal = state.stopping ? stopped() : withoutHost(request)
      if (refusal) turnAway(response, refusal)
      else serve(request, response)
    },
    onExpectation: (_, response) => turnAway(response, unknownExpectation()),
    onBroken: refuseBroken(nextId),
  })
  return {
    fastify,
    async listen({ host = '127.0.0.1', port = 4000 } = {}) {
      router.prepare()
      const address = await bindings.listen({ host, port })
      // Whoever asks first is told what goes wrong.
      fastify().catch(() => {})
      return address
    },
    drain() {
      state.draining = true
    },
    async stop(graceMs = GRACE_MS) {
      state.draining = true
      state.stopping = true
      const closed = bindings.close()
      const breaking = setTimeout(() => breakOff(underWay), graceMs)
      // A client that does not read what it is told would keep its connection, and this process, for ever.
      const cutting = setTimeout(() => bindings.closeAllConnections(), graceMs + LAST_WORDS_MS)
      // A connection that was in use when the server closed is kept for its client's next request, which never comes.
      const sweeping = setInterval(() => bindings.closeIdleConnections(), SWEEP_MS)
      await closed
      clearTimeout(breaking)
      clearTimeout(cutting)
      clearInterval(sweeping)
      await loading?.then(
        app => app.close(),
        () => {},
      )
    },
  }
}

function stopped(): Failure {
  return new Failure('unavailable', 'the gateway is stopping', { code: 'stopping' })
}

function breakOff(underWay: Set<Cancellation>): void {
  const failure = stopped()
  for (const cancellation of underWay) cancellation.cancel(failure)
}
