import type { FastifyInstance } from 'fastify'
import type { Operation } from '../../management/operation.ts'
import { wrongMethod } from '../methods.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Answers other methods than those of a path's operations as the gateway's other paths do (`otherMethods`). */
export function refuseOtherMethods(fastify: FastifyInstance, operations: readonly Operation[]): void {
  for (const [path, methods] of methodsByPath(operations)) {
    const allowed = [...methods].join(', ')
    fastify.route({
      method: METHODS.filter(method => !methods.has(method)),
      url: path,
      onRequest: async ({ method }, reply) => {
        reply.header('allow', allowed)
        throw wrongMethod(method, allowed)
      },
      handler: () => {},
    })
  }
}

function methodsByPath(operations: readonly Operation[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const { method, paths } of operations)
    for (const path of paths) found.set(path, (found.get(path) ?? new Set()).add(method))
  return found
}
