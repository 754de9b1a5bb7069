import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Cancellation } from '../core/cancellation.ts'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { ulids } from '../core/id.ts'
import type { CallRouter } from '../router.ts'
import { admission } from './admission.ts'
import { authentication } from './authenticate.ts'
import { refuseBroken } from './broken-requests.ts'
import { callServer, turningAway } from './call-server.ts'
import { callRoutes, register } from './doors.ts'
import { failureOf } from './failure-of.ts'
import { callHandlers, handlers } from './handlers.ts'
import { type ManagementParts, managementRoutes } from './management/routes.ts'
import { type Refuse, refusals } from './refusals.ts'
import { isManagement, isPlanned } from './routes.ts'
import type { MoneyParts, ServerSettings } from './server-settings.ts'

export type { MoneyParts, ServerSettings }

export interface Gateway {
  /** Starts listening; port 0 takes a free one. Gives the address, such as `http://127.0.0.1:4000`. */
  listen(at?: { readonly host?: string; readonly port?: number }): Promise<string>
  /** Stops accepting, lets calls under way end for `graceMs` (default 10,000), then breaks them off. */
  stop(graceMs?: number): Promise<void>
  /** Serves everything but calls, and takes requests without a socket (`inject`). Its hooks do not see calls. */
  readonly fastify: FastifyInstance
}

const DEFAULT_BODY_LIMIT = 32 << 20
/** A client that takes longer to send its request is cut off. */
const REQUEST_TIMEOUT_MS = 30_000
const SERVER_OPTIONS = { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: 65_000 }
/** Bodies are read by the dialects and by zod; loading Fastify's own compilers would take 35 ms of each start. */
const NO_SCHEMAS = { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } }
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
  const send = refusals(nextId)
  const authenticate = authentication({ ...settings, callers: settings.money?.callers })
  const doors = { settings, authenticate, admission: admission(settings.allowedHosts ?? []) }
  const bodyLimit = settings.bodyLimitBytes ?? DEFAULT_BODY_LIMIT
  const calls = {
    routes: callRoutes(doors, callHandlers({ router, settings, underWay })),
    bodyLimit,
    isStopping: () => state.stopping,
    turnAway: turningAway(nextId),
  }
  const fastify = Fastify({
    bodyLimit,
    serverFactory: others => createServer(SERVER_OPTIONS, callServer(calls, others)),
    schemaController: NO_SCHEMAS,
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    clientErrorHandler: refuseBroken(nextId),
    frameworkErrors: (error, _request, reply) => void send(reply, failureOf(error)),
  })
  readBodiesAsBytes(fastify)
  answerErrors(fastify, send, settings)
  register(fastify, doors, handlers({ router, settings, state }))
  if (settings.masterKey && settings.money)
    manage(fastify, settings.money, { ...doors, refuse: send, clock: systemClock })
  return {
    fastify,
    async listen({ host = '127.0.0.1', port = 4000 } = {}) {
      router.prepare()
      await fastify.listen({ host, port })
      return addressOf(fastify, host)
    },
    async stop(graceMs = GRACE_MS) {
      state.draining = true
      state.stopping = true
      const closed = fastify.close()
      const breaking = setTimeout(() => breakOff(underWay), graceMs)
      // A client that does not read what it is told would keep its connection, and this process, for ever.
      const cutting = setTimeout(() => fastify.server.closeAllConnections(), graceMs + LAST_WORDS_MS)
      // A connection that was in use when the server closed is kept for its client's next request, which never comes.
      const sweeping = setInterval(() => fastify.server.closeIdleConnections(), SWEEP_MS)
      await closed
      clearTimeout(breaking)
      clearTimeout(cutting)
      clearInterval(sweeping)
    },
  }
}

/** Zod and the operations are loaded here and nowhere else: who serves no management API does not pay for them. */
function manage(
  fastify: FastifyInstance,
  money: MoneyParts,
  parts: Omit<ManagementParts, 'store' | 'callers' | 'access'>,
): void {
  fastify.register(async scope => {
    const { operations, perform, allowRole } = await import('../management/index.ts')
    const management = { operations: money.operations ?? operations, perform, allowRole }
    managementRoutes(scope, management, { ...parts, ...money })
  })
}

/** The dialects parse bodies themselves; only JSON is taken, which also keeps web pages of other origins out. */
function readBodiesAsBytes(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

function answerErrors(fastify: FastifyInstance, send: Refuse, settings: ServerSettings): void {
  fastify.setErrorHandler((error, _request, reply) => {
    return send(reply, failureOf(error))
  })
  fastify.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/'
    const what = `${request.method} ${shown(path)}`
    if (isManagement(path)) return send(reply, unmanaged(what, settings), { detailed: true })
    const failure = isPlanned(path)
      ? new Failure('not_implemented', `${what} is planned and not served yet`)
      : new Failure('unknown_route', `there is no ${what}; the API is at /v1/chat/completions`)
    return send(reply, failure)
  })
}

/** Why there is no such route of the management API. */
function unmanaged(what: string, { masterKey, money }: ServerSettings): Failure {
  if (!masterKey)
    return new Failure('forbidden', 'the management API is off: set general_settings.master_key to use it', {
      code: 'management_off',
    })
  if (!money)
    return new Failure('not_implemented', `${what} needs a store: set tollgate_settings.store, or database_url`, {
      code: 'no_db_connection',
    })
  return new Failure('unknown_route', `there is no ${what} in the management API`)
}

function noSchema(): never {
  throw new Error('routes here have no schemas')
}

function shown(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}…` : path
}

function breakOff(underWay: Set<Cancellation>): void {
  const failure = new Failure('unavailable', 'the gateway is stopping')
  for (const cancellation of underWay) cancellation.cancel(failure)
}

function addressOf(fastify: FastifyInstance, host: string): string {
  const { port } = fastify.server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
