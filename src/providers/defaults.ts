import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { OTHER_LIMIT_NAME } from './limit-names.ts'

/**
 * The members that a deployment's defaults add to a request body. A default counts only where the client left the member out, by
 * either name of the output limit. The exception is `tools`: the deployment's own are put behind the client's.
 */
export function defaultMembers(body: JsonObject, defaults: JsonObject): Record<string, Json | undefined> {
  const added: Record<string, Json | undefined> = {}
  for (const name in defaults) {
    const own = body[name]
    const configured = defaults[name]
    if (own === undefined) {
      const other = OTHER_LIMIT_NAME.get(name)
      if (other === undefined || (body[other] ?? null) === null) added[name] = configured
    } else if (name === 'tools' && Array.isArray(own) && Array.isArray(configured)) {
      const more = withoutNamesakes(configured, own)
      if (more.length > 0) added.tools = [...own, ...more]
    }
  }
  return added
}

/** No upstream takes two tools of one name; the client's stands. */
function withoutNamesakes(configured: readonly Json[], own: readonly Json[]): readonly Json[] {
  const names = new Set(own.map(toolName))
  return configured.filter(tool => {
    const name = toolName(tool)
    return name === undefined || !names.has(name)
  })
}

function toolName(tool: Json): Json | undefined {
  if (!isObject(tool)) return undefined
  return isObject(tool.function) ? tool.function.name : tool.name
}
