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

/** By what a body asks for (`asksSearch`), or by a model that always does, an answer takes one search. Undefined: none. */
export function searchPerAnswer(body: JsonObject, model: string): WebSearches | undefined {
  if (!asksSearch(body) && !isSearchModel(model)) return undefined
  const options = body.web_search_options
  const size = isObject(options) ? options.search_context_size : undefined
  return { most: 1, size: size === 'low' || size === 'high' ? size : 'medium' }
}

/** Members by which hosts are asked to search before they answer. */
export const SEARCH_MEMBERS = ['web_search_options', 'search_parameters', 'enable_search', 'plugins'] as const

const NONE: readonly string[] = []

/** Those members as a host gets them: of the deployment where the request has none, and without what is left out. */
export function searchMembers(body: JsonObject, defaults: JsonObject, dropped: readonly string[] = NONE): JsonObject {
  if (dropped.length === 0 && !SEARCH_MEMBERS.some(name => defaults[name] !== undefined)) return body
  const sent: Record<string, Json | undefined> = {}
  for (const name of SEARCH_MEMBERS) if (!dropped.includes(name)) sent[name] = body[name] ?? defaults[name]
  return sent
}

/**
 * Whether a body asks its host to search: by OpenAI's `web_search_options`, xAI's `search_parameters`, Qwen's `enable_search`, or
 * OpenRouter's plugin `web` (https://openrouter.ai/docs/guides/features/plugins/web-search).
 */
export function asksSearch({
  web_search_options: options,
  search_parameters: live,
  enable_search,
  plugins,
}: JsonObject) {
  return (
    (options ?? false) !== false ||
    enable_search === true ||
    (isObject(live) && Object.keys(live).length > 0 && live.mode !== 'off') ||
    (Array.isArray(plugins) && plugins.some(one => isObject(one) && one.id === 'web' && one.enabled !== false))
  )
}

/**
 * The searches that tools of the provider's own may run: Anthropic's `web_search_...`, OpenRouter's `openrouter:web_search`,
 * Gemini's `google_search`; each as often as its `max_uses` says
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

function isWebSearch({ type, google_search, googleSearch }: JsonObject): boolean {
  if (isObject(google_search) || isObject(googleSearch)) return true
  return typeof type === 'string' && /^(?:\w+:)?web_search/.test(type)
}

function usesOf({ max_uses: uses }: JsonObject): number {
  return typeof uses === 'number' && uses >= 0 ? Math.ceil(uses) : Number.POSITIVE_INFINITY
}
