import type { FastifyRequest } from 'fastify'
import type { JsonObject } from '../core/json.ts'
import { type CallRouter, unknownModel } from '../router.ts'

/** The moment that LiteLLM, and so its clients' tests, give as the creation of every model. */
const CREATED = 1_677_610_602

/** `GET /v1/models`: the pools by name. */
export function modelList(router: CallRouter): JsonObject {
  return { object: 'list', data: router.pools.list().map(({ id }) => model(id)) }
}

/** `GET /v1/models/{id}`. @throws Failure `unknown_model` with the nearest names. */
export function oneModel(router: CallRouter, request: FastifyRequest): JsonObject {
  const { '*': id = '' } = request.params as { '*'?: string }
  const isListed = router.pools.list({ hidden: true }).some(one => one.id === id)
  if (!isListed && !router.pools.resolve(id)) throw unknownModel(id, router.pools)
  return model(id)
}

function model(id: string): JsonObject {
  return { id, object: 'model', created: CREATED, owned_by: 'tollgate' }
}
