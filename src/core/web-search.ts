import { isObject, type Json, type JsonObject } from './json.ts'

/** How much of what is found the model is given, which some hosts charge by. */
export type SearchContextSize = 'low' | 'medium' | 'high'

/** Web searches that a provider runs for a request. */
export interface WebSearches {
  /** At most so many; infinite where nothing bounds them. */
  readonly most: number
  readonly size: SearchContextSize
}

/** OpenAI's models that search before every answer (https://platform.openai.com/docs/guides/tools-web-search). */
export function isSearchModel(model: string): boolean {
  return model.includes('-search-preview') || model.includes('-search-api')
}

/** By `web_search_options`, or by a model that always does, an answer takes one search. Undefined: none. */
export function searchPerAnswer(options: Json | undefined, model: string): WebSearches | undefined {
  const isAsked = options !== undefined && options !== null
  if (!isAsked && !isSearchModel(model)) return undefined
  const size = isObject(options) ? options.search_context_size : undefined
  return { most: 1, size: size === 'low' || size === 'high' ? size : 'medium' }
}

/**
 * The searches that tools of the provider's own may run: Anthropic's `web_search_...`; each as often as its `max_uses` says
 * (https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool).
 */
export function searchesOfTools(...lists: readonly (Json | undefined)[]): number {
  let most = 0
  for (const list of lists) {
    if (!Array.isArray(list)) continue
    for (const tool of list) if (isObject(tool) && isWebSearch(tool)) most += usesOf(tool)
  }
  return most
}

function isWebSearch({ type }: JsonObject): boolean {
  return typeof type === 'string' && type.startsWith('web_search')
}

function usesOf({ max_uses: uses }: JsonObject): number {
  return typeof uses === 'number' && uses >= 0 ? Math.ceil(uses) : Number.POSITIVE_INFINITY
}
