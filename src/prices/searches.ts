import type { Deployment } from '../core/deployment.ts'
import type { Rate, RateCard, Rates } from '../core/price.ts'
import type { Request } from '../core/request.ts'
import type { Usage } from '../core/usage.ts'
import {
  type SearchContextSize,
  searchesOfTools,
  searchMembers,
  searchPerAnswer,
  type WebSearches,
} from '../core/web-search.ts'
import { generatedAnswers } from './bounds.ts'

/** What a search costs: a size without a rate of its own costs that of the medium one. */
export function searchRate(rates: Rates, size: SearchContextSize | undefined): Rate {
  const own = size === 'low' ? rates.webSearchLow : size === 'high' ? rates.webSearchHigh : undefined
  return own ?? rates.webSearch ?? 0n
}

/** The searches of a usage, times a million. */
export function searchCost(rates: Rates, { webSearches = 0, searchContextSize }: Usage): bigint {
  return webSearches > 0 ? BigInt(Math.ceil(webSearches)) * searchRate(rates, searchContextSize) : 0n
}

/** Whether anybody knows what a search costs: one price for the whole request covers it, and free is free. */
export function hasSearchRate({ rates }: RateCard): boolean {
  return rates.webSearch !== undefined || rates.request !== undefined || (rates.input === 0n && rates.output === 0n)
}

const NONE: WebSearches = { most: 0, size: 'medium' }

/** The searches that a request may cause at a deployment. */
export function searchesWithin(
  request: Request,
  { defaults, model }: Pick<Deployment, 'defaults' | 'model'>,
): WebSearches {
  const { body } = request
  const perAnswer = searchPerAnswer(searchMembers(body, defaults), model)
  const ofTools = searchesOfTools(body.tools, defaults.tools)
  if (!perAnswer) return ofTools === 0 ? NONE : { most: ofTools, size: 'medium' }
  return { ...perAnswer, most: perAnswer.most * generatedAnswers(request) + ofTools }
}
