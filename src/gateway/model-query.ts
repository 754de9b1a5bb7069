import type { Caller } from '../core/caller.ts'
import { Failure } from '../core/failure.ts'
import type { FallbackKind } from '../core/settings.ts'

/** What is asked of the list of models. LiteLLM's names stand in `readModelQuery`. */
export interface ModelQuery {
  /** Pools and names for them. */
  readonly pools: boolean
  /** Wildcards, as patterns. */
  readonly patterns: boolean
  /** Access groups, which stand for pools in lists of what may be used. */
  readonly groups: boolean
  /** Without pools none of whose deployments takes calls. */
  readonly healthyOnly: boolean
  /** Also what the caller's own lists do not grant. */
  readonly allPools: boolean
  /** With the fallbacks of this kind. */
  readonly fallbacks: FallbackKind | undefined
}

const FALLBACK_TYPES: Readonly<Record<string, FallbackKind>> = {
  general: 'general',
  context_window: 'contextWindow',
  content_policy: 'contentPolicy',
}

/** Reads LiteLLM's parameters; those that nobody knows say nothing. @throws Failure `invalid_request` */
export function readModelQuery(query: unknown, caller: Caller | undefined): ModelQuery {
  const said = new Map(Object.entries(query as Readonly<Record<string, unknown>>))
  const onlyGroups = flag(said, 'only_model_access_groups')
  const type = word(said, 'fallback_type', Object.keys(FALLBACK_TYPES)) ?? 'general'
  const isWide = word(said, 'scope', ['expand']) !== undefined
  requireOwnTeam(said.get('team_id'), caller)
  return {
    pools: !onlyGroups,
    patterns: flag(said, 'return_wildcard_routes'),
    groups: onlyGroups || flag(said, 'include_model_access_groups'),
    healthyOnly: flag(said, 'healthy_only'),
    allPools: isWide && caller?.role.startsWith('proxy_admin') === true,
    fallbacks: flag(said, 'include_metadata') ? FALLBACK_TYPES[type] : undefined,
  }
}

type Said = ReadonlyMap<string, unknown>

/** As LiteLLM's framework reads them. */
const FLAGS: ReadonlyMap<unknown, boolean> = new Map([
  ...['true', '1', 'yes', 'on', 't', 'y'].map(text => [text, true] as const),
  ...['false', '0', 'no', 'off', 'f', 'n'].map(text => [text, false] as const),
])

function flag(said: Said, name: string): boolean {
  const value = said.get(name)
  if (value === undefined) return false
  const found = FLAGS.get(String(value).toLowerCase())
  if (found === undefined) throw invalid(name, 'must be true or false')
  return found
}

function word(said: Said, name: string, known: readonly string[]): string | undefined {
  const value = said.get(name)
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !known.includes(value)) throw invalid(name, `must be ${known.join(' or ')}`)
  return value
}

/** Nobody gets the models of a team to see by naming it: its keys ask for themselves, and /team/info tells its list. */
function requireOwnTeam(team: unknown, caller: Caller | undefined): void {
  if (team === undefined || (caller?.teamId !== undefined && team === caller.teamId)) return
  throw invalid('team_id', "must be the key's own team: ask with one of the team's keys, or see models in /team/info")
}

function invalid(param: string, what: string): Failure {
  return new Failure('invalid_request', `'${param}' ${what}`, { param, code: 'invalid_value' })
}
