import type { FastifyRequest } from 'fastify'
import type { Caller } from '../core/caller.ts'
import type { JsonObject } from '../core/json.ts'
import { whoForbids } from '../core/may-use.ts'
import { type CallRouter, unknownModel } from '../router.ts'
import { requirePool } from './as-caller.ts'

/** The moment that LiteLLM, and so its clients' tests, give as the creation of every model. */
const CREATED = 1_677_610_602

/** `GET /v1/models`: the pools by name, as many as the caller may use, with its own names for them. */
export function modelList(router: CallRouter, caller?: Caller): JsonObject {
  const pools = router.pools.list().map(({ id }) => id)
  const mayUse = (pool: string) => !caller || !whoForbids(caller, pool, router.pools.targetOf(pool))
  const own = Object.entries(caller?.aliases ?? {}).filter(([name, pool]) => !pools.includes(name) && mayUse(pool))
  const names = [...pools.filter(mayUse), ...own.map(([name]) => name)]
  return { object: 'list', data: names.map(model) }
}

/** `GET /v1/models/{id}`. @throws Failure `unknown_model` with the nearest names. */
export function oneModel(router: CallRouter, request: FastifyRequest, caller?: Caller): JsonObject {
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
