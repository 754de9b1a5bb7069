import type { Caller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'

/** What kind of route it is, as LiteLLM groups them: asking models, looking things up, managing. */
export type RouteKind = 'llm_api_routes' | 'info_routes' | 'management_routes'

/** Groups that `allowed_routes` may name. A key that may manage may also look things up. */
const GROUPS: Readonly<Record<string, ReadonlySet<RouteKind>>> = Object.assign(Object.create(null), {
  llm_api_routes: new Set(['llm_api_routes']),
  openai_routes: new Set(['llm_api_routes']),
  info_routes: new Set(['info_routes']),
  management_routes: new Set(['management_routes', 'info_routes']),
})

/** The lists of the kinds of key (`key_type`). */
export const KEY_TYPES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  llm_api: ['llm_api_routes'],
  management: ['management_routes'],
  read_only: ['info_routes'],
}

/**
 * Whether a list of `allowed_routes` lets a caller use the route that matched: by the name of its group, by its own path,
 * or by a path with `/*` at its end. An empty list, or none, leaves it to the roles.
 */
export function mayCall({ routes }: Pick<Caller, 'routes'>, path: string, kind: RouteKind): boolean {
  if (!routes || routes.length === 0) return true
  return routes.some(allowed => {
    if (GROUPS[allowed]?.has(kind)) return true
    if (allowed.endsWith('/*')) return path.startsWith(allowed.slice(0, -1))
    return allowed === path
  })
}

/** @throws Failure `forbidden` */
export function requireRoute(caller: Caller, path: string, kind: RouteKind): void {
  if (mayCall(caller, path, kind)) return
  const said = caller.routes?.slice(0, 20).join(', ')
  throw new Failure('forbidden', `this key may not call ${path}; its allowed_routes are: ${said}`, {
    code: 'route_not_allowed',
  })
}

/** Whether a list of `allowed_routes` grants nothing that another one does not. */
export function grantsNoMore(routes: readonly string[], than: readonly string[] | undefined): boolean {
  if (!than || than.length === 0) return true
  if (routes.length === 0) return false
  return routes.every(route => than.some(other => holds(other, route)))
}

function holds(other: string, route: string): boolean {
  if (other === route) return true
  const [mine, theirs] = [GROUPS[route], GROUPS[other]]
  if (mine && theirs) return [...mine].every(kind => theirs.has(kind))
  return other.endsWith('/*') && route.startsWith('/') && route.startsWith(other.slice(0, -1))
}
