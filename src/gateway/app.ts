import Fastify, { type FastifyInstance } from 'fastify'
import { systemClock } from '../core/clock.ts'
import { Failure } from '../core/failure.ts'
import { type Doors, register } from './doors.ts'
import { failureOf } from './failure-of.ts'
import { type HandlerParts, handlers } from './handlers.ts'
import { type ManagementParts, managementRoutes } from './management/routes.ts'
import { awaitBody, isWaiting, packed } from './read-body.ts'
import { type Refuse, refusals } from './refusals.ts'
import { isManagement, isPlanned } from './routes.ts'
import type { MoneyParts, ServerSettings } from './server-settings.ts'

export interface AppParts extends HandlerParts {
  readonly doors: Doors
  readonly bodyLimit: number
  /** Ids of requests that are refused. */
  readonly nextId: () => string
}

/** Bodies are read by the dialects and by zod; loading Fastify's own compilers would take 35 ms. */
const NO_SCHEMAS = { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } }

/** Opens what serves everything but calls. It listens nowhere: requests are handed to its `routing`. */
export async function openApp(parts: AppParts): Promise<FastifyInstance> {
  const { doors, bodyLimit, nextId, settings } = parts
  const send = refusals(nextId)
  const app = Fastify({
    bodyLimit,
    schemaController: NO_SCHEMAS,
    routerOptions: { maxParamLength: 1024 },
    exposeHeadRoutes: false,
    frameworkErrors: (error, _request, reply) => void send(reply, failureOf(error)),
  })
  readBodiesAsBytes(app)
  app.addHook('preParsing', async ({ raw, method, routeOptions }, reply) => {
    if (method === 'GET' || !isWaiting(raw)) return
    const refusal = awaitBody(raw, reply.raw, routeOptions.bodyLimit ?? bodyLimit)
    if (refusal) throw refusal
  })
  answerErrors(app, send, settings)
  register(app, doors, handlers(parts))
  if (settings.masterKey && settings.money) manage(app, settings.money, { ...doors, refuse: send, clock: systemClock })
  await app.ready()
  return app
}

/** Zod and the operations are loaded here and nowhere else: who serves no management API does not pay for them. */
function manage(
  app: FastifyInstance,
  money: MoneyParts,
  parts: Omit<ManagementParts, 'store' | 'callers' | 'access'>,
): void {
  app.register(async scope => {
    const { operations, perform, allowRole } = await import('../management/index.ts')
    const management = { operations: money.operations ?? operations, perform, allowRole }
    managementRoutes(scope, management, { ...parts, ...money })
  })
}

/** The dialects parse bodies themselves; only JSON is taken, which also keeps web pages of other origins out. */
function readBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, ({ headers }, body, done) => {
    done(packed(headers) ?? null, body)
  })
}

function answerErrors(app: FastifyInstance, send: Refuse, settings: ServerSettings): void {
  app.setErrorHandler((error, _request, reply) => {
    return send(reply, failureOf(error))
  })
  app.setNotFoundHandler((request, reply) => {
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
