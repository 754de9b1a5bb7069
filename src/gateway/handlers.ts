import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../core/caller.ts'
import type { Cancellation } from '../core/cancellation.ts'
import type { CallRouter } from '../router.ts'
import type { ServeCall } from './call-server.ts'
import { type CompleteOptions, complete } from './complete.ts'
import { refuseOtherSites } from './drain.ts'
import { explain } from './explain.ts'
import { type HealthQuery, healthReport, latestProbes } from './health.ts'
import { home } from './home.ts'
import { modelList, oneModel } from './models.ts'
import { responseModel } from './response-model.ts'
import type { CallName, RouteName } from './routes.ts'
import type { MoneyParts, ServerSettings } from './server-settings.ts'

/** Answers a request that Fastify has taken. */
export type Handle = (request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined) => Promise<unknown>

export interface HandlerParts {
  readonly router: CallRouter
  readonly settings: ServerSettings
  /** While it drains, readiness says no and calls are served all the same: whoever balances the load stays away. */
  readonly state: { draining: boolean }
}

interface CallParts extends Pick<HandlerParts, 'router' | 'settings'> {
  readonly underWay: Set<Cancellation>
}

/** Who answers calls. */
export function callHandlers({ router, settings, underWay }: CallParts): Record<CallName, ServeCall> {
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
  }
}

/** Who answers everything else, but for the management API. */
export function handlers({ router, settings, state }: HandlerParts): Record<Exclude<RouteName, CallName>, Handle> {
  return {
    models: async (request, _reply, caller) => modelList(router, request, caller),
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
      settings.onDrain?.()
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
