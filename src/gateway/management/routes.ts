import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Callers } from '../../access/callers.ts'
import { type RouteKind, requireRoute } from '../../access/may-call.ts'
import type { AccessSettings } from '../../core/access-settings.ts'
import type { Caller } from '../../core/caller.ts'
import type { Clock } from '../../core/clock.ts'
import { Failure } from '../../core/failure.ts'
import { Pieces } from '../../core/pieces.ts'
import { parseBody } from '../../dialects/parse-body.ts'
import type { Change, Operation, OperationContext } from '../../management/operation.ts'
import type { allowRole, perform } from '../../management/perform.ts'
import type { Admission } from '../admission.ts'
import type { Authenticate } from '../authenticate.ts'
import { failureOf } from '../failure-of.ts'
import type { Refuse } from '../refusals.ts'
import { refuseOtherMethods } from './other-methods.ts'

/** What belongs to the management API and is loaded only where it is served. */
export interface Management {
  readonly operations: readonly Operation[]
  readonly perform: typeof perform
  readonly allowRole: typeof allowRole
}

export interface ManagementParts {
  readonly store: OperationContext['store']
  readonly clock: Clock
  readonly access?: AccessSettings | undefined
  readonly admission: Admission
  readonly authenticate: Authenticate
  /** Made to forget at once what an operation has changed; other replicas hear of it at their next pulse. */
  readonly callers?: Pick<Callers, 'invalidate' | 'hash' | 'accessGroups'> | undefined
  readonly refuse: Refuse
}

/** No operation takes more. */
const BODY_LIMIT = 1 << 20

/** Makes a route of every path of every operation: who may come in is decided on the route that matched (S3, S4). */
export function managementRoutes(fastify: FastifyInstance, management: Management, parts: ManagementParts): void {
  const { admission, authenticate, refuse } = parts
  fastify.setErrorHandler((error, _request, reply) => refuse(reply, discreet(failureOf(error)), { detailed: true }))
  for (const operation of management.operations) {
    for (const path of operation.paths) {
      const authorise = (caller: Caller) => {
        requireRoute(caller, path, kindOf(operation))
        management.allowRole(operation, caller)
      }
      fastify.route({
        method: operation.method,
        url: path,
        bodyLimit: BODY_LIMIT,
        onRequest: admission.guard({ authenticate, authorise }),
        handler: async (request, reply) => {
          const context = contextOf(request, parts)
          const answer = await management.perform(operation, context, inputOf(request))
          // Keys are told in these answers, and each of them once.
          return reply.header('cache-control', 'no-store').send(answer)
        },
      })
    }
  }
  refuseOtherMethods(fastify, management.operations)
}

function contextOf(
  request: FastifyRequest,
  { store, clock, callers, access, admission }: ManagementParts,
): OperationContext {
  const caller = callerOf(request, admission)
  const told = callers && {
    keyHash: callers.hash,
    accessGroups: callers.accessGroups,
    changed: (change: Change) => callers.invalidate(change),
  }
  return { store, clock, caller, ...(access && { access }), ...told, ...changedBy(request) }
}

/** Operations that only read are looked up by keys that may manage nothing. */
function kindOf({ reads, method }: Operation): RouteKind {
  return (reads ?? method === 'GET') ? 'info_routes' : 'management_routes'
}

/** What goes wrong inside a store names tables and files, which are for the operator's eyes; the limit of bodies is another one. */
function discreet(failure: Failure): Failure {
  if (failure.kind === 'too_large')
    return new Failure('too_large', 'the body is larger than the 1 MiB that is taken here')
  if (!failure.code.startsWith('store_')) return failure
  if (failure.kind !== 'unavailable') return new Failure('internal', failure.message, { cause: failure })
  const { code, retryAfterMs } = failure
  return new Failure('unavailable', 'the store is away or overloaded: try again', {
    code,
    retryAfterMs,
    cause: failure,
  })
}

/** A route of the management API without a caller does not exist: this is the last door, should another one be left open. */
function callerOf(request: FastifyRequest, admission: Admission): Caller {
  const caller = admission.callerOf(request)
  if (!caller) throw new Failure('unauthorized', 'no API key was sent', { code: 'missing_api_key' })
  return caller
}

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({})

/** The body, or where there is none the query; a parameter of the path stands beside it under its name. */
function inputOf(request: FastifyRequest): unknown {
  const params = request.params as Readonly<Record<string, unknown>>
  const { body } = request
  const said = body instanceof Uint8Array && body.length > 0 ? parseBody(new Pieces([body])).value : bodyless(request)
  if (Object.keys(params).length === 0) return said
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return said
  const twice = Object.entries(said).find(([name, value]) => Object.hasOwn(params, name) && params[name] !== value)?.[0]
  if (twice !== undefined)
    throw new Failure('invalid_request', `'${twice}' is another one in the path`, { param: twice })
  return { ...said, ...params }
}

function bodyless(request: FastifyRequest): unknown {
  const query = request.query as Readonly<Record<string, unknown>>
  if (request.method === 'GET' || request.method === 'DELETE') return { ...query }
  if (Object.keys(query).length > 0)
    throw new Failure('invalid_request', `a ${request.method} takes its fields in the body`, { code: 'invalid_body' })
  return NOTHING
}

const MAX_NAME = 256

/** `litellm-changed-by`: on whose behalf it is done, for the audit. */
function changedBy({ headers }: FastifyRequest): { readonly changedBy?: string } {
  const name = headers['litellm-changed-by']
  if (name === undefined || name === '') return {}
  if (typeof name === 'string' && name.length <= MAX_NAME) return { changedBy: name }
  throw new Failure(
    'invalid_request',
    `the header litellm-changed-by must be one text of at most ${MAX_NAME} characters`,
  )
}
