import type { FastifyInstance } from 'fastify'
import { requireRoute } from '../access/may-call.ts'
import { Failure } from '../core/failure.ts'
import type { Admission, Authorise, DoorRules } from './admission.ts'
import type { Authenticate } from './authenticate.ts'
import type { CallRoute, ServeCall } from './call-server.ts'
import { allowDrain } from './drain.ts'
import type { Handle } from './handlers.ts'
import { type Access, type CallName, isCall, ROUTES, type Route, type RouteName } from './routes.ts'
import type { ServerSettings } from './server-settings.ts'

/** Who may come in. */
export interface Doors {
  readonly settings: ServerSettings
  readonly authenticate: Authenticate
  readonly admission: Admission
}

/** Makes Fastify's routes of the table. */
export function register(
  fastify: FastifyInstance,
  doors: Doors,
  handles: Record<Exclude<RouteName, CallName>, Handle>,
): void {
  for (const route of ROUTES) {
    const { method, path, name } = route
    if (isCall(name)) continue
    const handle = handles[name]
    fastify.route({
      method,
      url: path,
      onRequest: doors.admission.guard(rulesOf(route, doors)),
      handler: (request, reply) => handle(request, reply, doors.admission.callerOf(request)),
    } satisfies Parameters<FastifyInstance['route']>[0] & { readonly method: Route['method'] })
  }
}

/** The routes of calls, by path. */
export function callRoutes(doors: Doors, handles: Record<CallName, ServeCall>): ReadonlyMap<string, CallRoute> {
  const routes = new Map<string, CallRoute>()
  for (const route of ROUTES) {
    if (!isCall(route.name)) continue
    routes.set(route.path, { door: doors.admission.door(rulesOf(route, doors)), serve: handles[route.name] })
  }
  return routes
}

/** Who may come in at a route. */
function rulesOf(route: Route, { settings, authenticate }: Doors): DoorRules {
  const admit: Readonly<Record<Access, Authenticate>> = {
    public: () => undefined,
    key: authenticate,
    drain: allowDrain(settings.drain, authenticate),
  }
  const judged = settings.masterKey && route.access !== 'public'
  const rules = { authenticate: admit[route.access], isPublic: route.access === 'public' }
  return judged ? { ...rules, authorise: allow(route) } : rules
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
