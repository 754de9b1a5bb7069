import { isObject, type Json, type JsonObject } from '../core/json.ts'

/** Two names of one limit: an upstream refuses both at once, or takes the one that the client did not choose. */
const OTHER_NAME: ReadonlyMap<string, string> = new Map([
  ['max_tokens', 'max_completion_tokens'],
  ['max_completion_tokens', 'max_tokens'],
])

/**
 * The members that a deployment puts into a request body: those that the client left out, by whichever name, and `tools` with
 * the deployment's own behind the client's. What the client says of anything else stands.
 */
export function defaultMembers(body: JsonObject, defaults: JsonObject): Record<string, Json | undefined> {
  const added: Record<string, Json | undefined> = {}
  for (const name in defaults) {
    const own = body[name]
    const configured = defaults[name]
    if (own === undefined) {
      const other = OTHER_NAME.get(name)
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
