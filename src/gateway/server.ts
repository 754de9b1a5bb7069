import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Callers } from '../access/callers.ts'
import { requireRoute } from '../access/may-call.ts'
import type { GatewaySettings } from '../config/settings.ts'
import type { AccessSettings } from '../core/access-settings.ts'
import type { Caller } from '../core/caller.ts'
import type { Cancellation } from '../core/cancellation.ts'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { ulids } from '../core/id.ts'
import type { Operation, OperationContext } from '../management/operation.ts'
import type { CallRouter } from '../router.ts'
import { type Admission, type Authorise, admission } from './admission.ts'
import { type Authenticate, authentication } from './authenticate.ts'
import { refuseBroken } from './broken-requests.ts'
import { type CompleteOptions, complete } from './complete.ts'
import { allowDrain, refuseOtherSites } from './drain.ts'
import { explain } from './explain.ts'
import { failureOf } from './failure-of.ts'
import { type HealthQuery, healthReport, latestProbes } from './health.ts'
import { home } from './home.ts'
import { type ManagementParts, managementRoutes } from './management/routes.ts'
import { modelList, oneModel } from './models.ts'
import { type Refuse, refusals } from './refusals.ts'
import { responseModel } from './response-model.ts'
import { type Access, isManagement, isPlanned, ROUTES, type Route, type RouteName } from './routes.ts'

/** What the server takes of the configuration; every part has a default. */
export type ServerSettings = Partial<
  Pick<
    GatewaySettings,
    | 'masterKey'
    | 'keyHeader'
    | 'allowedHosts'
    | 'bodyLimitBytes'
    | 'responseModel'
    | 'responseModels'
    | 'completionModel'
    | 'clientKeepalive'
    | 'streamUsage'
    | 'embeddingModel'
    | 'tagHeaders'
    | 'healthDetails'
    | 'drain'
  >
> & {
  /** Whether `mock_*` in request bodies is obeyed when there is no master key. Default false. */
  readonly testMode?: boolean
  /** Silence in a stream after which a comment is sent, in milliseconds. Undefined: never. */
  readonly keepaliveMs?: number | undefined
  /** Keys, budgets and the management API. Undefined: there is only the master key. */
  readonly money?: MoneyParts
}

/** What the gateway needs of money: who keeps it. */
export interface MoneyParts {
  readonly store: OperationContext['store']
  /** Knows the keys of the store. Undefined: there is only the master key. */
  readonly callers?: Callers
  /** What the configuration says of keys, users and teams. */
  readonly access?: AccessSettings
  /** Whether the store answers. Default: nobody knows, and it is taken to. */
  readonly isConnected?: () => boolean
  /** The management API. Default: all of it. */
  readonly operations?: readonly Operation[]
}

export interface Gateway {
  /** Starts listening; port 0 takes a free one. Gives the address, such as `http://127.0.0.1:4000`. */
  listen(at?: { readonly host?: string; readonly port?: number }): Promise<string>
  /** Stops accepting, lets calls under way end for `graceMs` (default 10,000), then breaks them off. */
  stop(graceMs?: number): Promise<void>
  /** For requests without a socket. */
  readonly fastify: FastifyInstance
}

type Handle = (request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined) => Promise<unknown>

const DEFAULT_BODY_LIMIT = 32 << 20
/** A client that takes longer to send its request is cut off. */
const REQUEST_TIMEOUT_MS = 30_000
const GRACE_MS = 10_000
/** How often a server that stops looks for connections whose answers have ended. */
const SWEEP_MS = 50
/** How long clients have to take in why their answers break off. */
const LAST_WORDS_MS = 1_000

/** The HTTP server in front of a router. */
export function createGateway(router: CallRouter, settings: ServerSettings = {}): Gateway {
  const underWay = new Set<Cancellation>()
  const state = { draining: false }
  const nextId = ulids(systemClock.now)
  const send = refusals(nextId)
  const fastify = Fastify({
    bodyLimit: settings.bodyLimitBytes ?? DEFAULT_BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 65_000,
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    clientErrorHandler: refuseBroken(nextId),
    frameworkErrors: (error, _request, reply) => void send(reply, failureOf(error)),
  })
  readBodiesAsBytes(fastify)
  answerErrors(fastify, send, settings)
  const authenticate = authentication({ ...settings, callers: settings.money?.callers })
  const doors = { settings, authenticate, admission: admission(settings.allowedHosts ?? []) }
  register(fastify, doors, handlers({ router, settings, underWay, state }))
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

interface HandlerParts {
  readonly router: CallRouter
  readonly settings: ServerSettings
  readonly underWay: Set<Cancellation>
  /** While it drains, readiness says no and calls are served all the same: whoever balances the load stays away. */
  readonly state: { draining: boolean }
}

function handlers({ router, settings, underWay, state }: HandlerParts): Record<RouteName, Handle> {
  const allowMocks = settings.masterKey !== undefined || settings.testMode === true
  const options = {
    router,
    callers: settings.money?.callers,
    underWay,
    allowMocks,
    keepalive: settings,
    streamUsage: settings.streamUsage ?? false,
    tagHeaders: settings.tagHeaders ?? [],
    rewriteFor: rewriterOf(settings),
  }
  return {
    chat: complete('chat', { ...options, model: settings.completionModel }),
    completion: complete('completion', { ...options, model: settings.completionModel }),
    embedding: complete('embedding', { ...options, model: settings.embeddingModel }),
    models: async (_request, _reply, caller) => modelList(router, caller),
    model: async (request, _reply, caller) => oneModel(router, request, caller),
    explain: async (request, _reply, caller) => explain(router, request, caller),
    health: async request => {
      const query = request.query as HealthQuery
      if (query.probe !== undefined) refuseOtherSites(request.headers)
      return healthReport(router, query, { details: settings.healthDetails ?? true })
    },
    latest: async () => latestProbes(router),
    drain: async () => {
      state.draining = true
      return { status: 'draining' }
    },
    liveliness: async (_, reply) => reply.type('application/json').send(JSON.stringify("I'm alive!")),
    readiness: async (_, reply) =>
      state.draining ? reply.code(503).send({ status: 'draining' }) : { ...storeHealth(settings.money), cache: null },
    home: async () => home(router),
  }
}

/** A store that is away stops callers with budgets and nobody else: that is no reason to take the gateway out of service. */
function storeHealth(money: MoneyParts | undefined): { status: string; db: string } {
  if (!money) return { status: 'healthy', db: 'Not connected' }
  return money.isConnected?.() === false
    ? { status: 'degraded', db: 'unreachable' }
    : { status: 'healthy', db: 'connected' }
}

/** The change to a call's frames, when its answers are to name the model that was asked for. */
function rewriterOf({ responseModel: general, responseModels = {} }: ServerSettings): CompleteOptions['rewriteFor'] {
  return call => {
    const asked = call.record.requestedPool
    const own = Object.hasOwn(responseModels, asked) ? responseModels[asked] : general
    return own === 'requested' ? responseModel(call) : undefined
  }
}

interface Doors {
  readonly settings: ServerSettings
  readonly authenticate: Authenticate
  readonly admission: Admission
}

function register(fastify: FastifyInstance, doors: Doors, handles: Record<RouteName, Handle>): void {
  const { settings, authenticate, admission } = doors
  const admit: Readonly<Record<Access, Authenticate>> = {
    public: () => undefined,
    key: authenticate,
    drain: allowDrain(settings.drain, authenticate),
  }
  for (const route of ROUTES) {
    const { method, path, name, access } = route
    const handle = handles[name]
    fastify.route({
      method,
      url: path,
      onRequest: admission.guard(admit[access], settings.masterKey && access !== 'public' ? allow(route) : undefined),
      handler: (request, reply) => handle(request, reply, admission.callerOf(request)),
    } satisfies Parameters<FastifyInstance['route']>[0] & { readonly method: Route['method'] })
  }
}

/** Judges callers by the row of the route that matched. */
function allow({ path, kind = 'llm_api_routes', roles }: Route): Authorise {
  return caller => {
    requireRoute(caller, path, kind)
    if (!roles || roles.includes(caller.role)) return
    throw new Failure('forbidden', `${path} needs one of the roles ${roles.join(', ')}; this key has ${caller.role}`, {
      code: 'not_allowed',
    })
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
