import type { Deployment } from '../core/deployment.ts'
import { Failure } from '../core/failure.ts'
import type { JsonObject } from '../core/json.ts'
import type { ServiceTier } from '../core/price.ts'
import type { Request } from '../core/request.ts'
import { serviceTierAsked } from '../core/service-tier.ts'
import { isSearchModel, SEARCH_MEMBERS } from '../core/web-search.ts'
import { hasSearchRate, searchesWithin } from './searches.ts'
import { hasRatesOf } from './services.ts'

type Priced = Pick<Deployment, 'price' | 'defaults' | 'parameters' | 'model'>

/**
 * Why no bound can be named for what a request costs at a deployment that has a price. `refusesUnpriced` says whether that is
 * so where a part of the price is not known, or only where nothing bounds what is charged for.
 */
export function unboundedReason(at: Priced, request: Request, refusesUnpriced: boolean): Failure | undefined {
  const { body } = request
  const { defaults, model, price } = at
  if (!price) return undefined
  if (refusesUnpriced) {
    const tier = unpricedTier(at, request)
    if (tier !== undefined) return tierFailure(model, tier)
  }
  if (!maySearch(body) && !maySearch(defaults) && !isSearchModel(model)) return undefined
  const { most } = searchesWithin(request, at)
  if (most === 0) return undefined
  if (!hasSearchRate(price)) return refusesUnpriced ? searchFailure(model) : undefined
  return price.rates.webSearch && most === Number.POSITIVE_INFINITY ? unlimited() : undefined
}

/** Most bodies have none of these, and are looked at no further. */
function maySearch(body: JsonObject): boolean {
  return body.tools !== undefined || SEARCH_MEMBERS.some(name => body[name] !== undefined)
}

/** The service tier that a request asks for by name although nobody knows what the deployment costs by it. */
function unpricedTier(
  { price, defaults, parameters }: Pick<Deployment, 'price' | 'defaults' | 'parameters'>,
  { body }: Request,
): ServiceTier | undefined {
  if (!price) return undefined
  const said = (name: 'service_tier' | 'speed') =>
    parameters.drop.includes(name) ? undefined : (body[name] ?? defaults[name])
  const tier = serviceTierAsked({ service_tier: said('service_tier'), speed: said('speed') })
  return tier === undefined || hasRatesOf(price, tier) ? undefined : tier
}

/** The refusal where a part of what is charged has no price that anybody knows. */
export function unpricedFailure(what: string, remedy: string, param: string): Failure {
  return new Failure(
    'unpriced',
    `nobody knows what ${what}, so a caller with a budget may not use it: ${remedy}, or tollgate_settings.budgets.unpriced`,
    { code: 'model_not_priced', param },
  )
}

function tierFailure(model: string, tier: ServiceTier): Failure {
  const param = tier === 'fast' ? 'speed' : 'service_tier'
  const remedy = `leave ${param} out, set the prices of that tier`
  return unpricedFailure(`${model} costs in the service tier that is asked for`, remedy, param)
}

function searchFailure(model: string): Failure {
  const remedy = 'leave the search out, set search_context_cost_per_query'
  return unpricedFailure(`a web search by ${model} costs`, remedy, 'web_search_options')
}

function unlimited(): Failure {
  return new Failure(
    'invalid_request',
    'each web search is charged for and nothing bounds how many there are, so a caller with a budget has to say it: set max_uses in the web_search tool',
    { code: 'max_uses_required', param: 'tools' },
  )
}
