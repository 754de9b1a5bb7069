import type { FastifyRequest } from 'fastify'
import type { Caller } from '../core/caller.ts'
import type { JsonObject } from '../core/json.ts'
import { whoForbids } from '../core/may-use.ts'
import { unknownModel } from '../core/unknown-model.ts'
import type { CallRouter } from '../router.ts'
import { requirePool } from './as-caller.ts'
import { type ModelQuery, readModelQuery } from './model-query.ts'

/** The moment that LiteLLM, and so its clients' tests, give as the creation of every model. */
const CREATED = 1_677_610_602

/** `GET /v1/models`: the pools by name, as many as the caller may use, with its own names for them. */
export function modelList(router: CallRouter, request: FastifyRequest, caller?: Caller): JsonObject {
  const query = readModelQuery(request.query, caller)
  const { pools } = router
  const grantee = query.allPools ? undefined : caller
  const mayUse = (pool: string) => !grantee || !whoForbids(grantee, pool, pools.targetOf(pool))
  const groups = query.groups ? [...pools.accessGroups.keys()].filter(mayUse) : []
  const names = query.pools ? poolNames(router, query, { caller, mayUse }) : []
  return {
    object: 'list',
    data: [...new Set([...names, ...groups])].map(name => ({
      ...model(name),
      ...metadataOf(name, router, query, mayUse),
    })),
  }
}

interface Seen {
  readonly caller: Caller | undefined
  readonly mayUse: (pool: string) => boolean
}

function poolNames(router: CallRouter, { patterns, healthyOnly }: ModelQuery, { caller, mayUse }: Seen): string[] {
  const pools = router.pools.list({ patterns }).map(({ id }) => id)
  const own = Object.entries(caller?.aliases ?? {}).filter(([name, pool]) => !pools.includes(name) && mayUse(pool))
  const names = [...pools.filter(mayUse), ...own.map(([name]) => name)]
  if (!healthyOnly) return names
  const wells = new Map<string, boolean>()
  for (const { deployment, isWell } of router.health()) {
    wells.set(deployment.pool, isWell || wells.get(deployment.pool) === true)
  }
  return names.filter(name => wells.get(router.pools.targetOf(caller?.aliases?.[name] ?? name)) !== false)
}

/** Where calls go when the model fails, as many of the places as the caller may ask for itself. */
function metadataOf(
  name: string,
  router: CallRouter,
  { fallbacks }: ModelQuery,
  mayUse: (pool: string) => boolean,
): JsonObject {
  return fallbacks ? { metadata: { fallbacks: router.fallbacksOf(name, fallbacks).filter(mayUse) } } : {}
}

/** `GET /v1/models/{id}`. @throws Failure `unknown_model` with the nearest names. */
export function oneModel(router: CallRouter, request: FastifyRequest, caller?: Caller): JsonObject {
  readModelQuery(request.query, caller)
  const { '*': id = '' } = request.params as { '*'?: string }
  const pool = caller?.aliases && Object.hasOwn(caller.aliases, id) ? (caller.aliases[id] ?? id) : id
  const isListed = router.pools.list({ hidden: true }).some(one => one.id === pool)
  if (caller) requirePool(caller, pool, router.pools.targetOf(pool))
  if (!isListed && !router.pools.resolve(pool)) throw unknownModel(id, router.pools)
  return model(id)
}

function model(id: string): JsonObject {
  return { id, object: 'model', created: CREATED, owned_by: 'tollgate' }
}
