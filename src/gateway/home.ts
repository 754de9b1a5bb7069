import type { JsonObject } from '../core/json.ts'
import type { CallRouter } from '../router.ts'

/** `GET /`: what this is, for whoever opens the address in a browser. */
export function home(router: CallRouter): JsonObject {
  return {
    name: 'tollgate',
    api: '/v1/chat/completions',
    models: router.pools.list().map(({ id }) => id),
    see: ['/v1/models', '/health', '/v1/route/explain'],
  }
}
