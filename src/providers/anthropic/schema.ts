import { writeExact } from '../../core/exact-numbers.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'

/**
 * Rewrites a JSON schema into the part of JSON Schema that Anthropic's structured outputs and strict tools take: objects
 * are closed, `oneOf` becomes `anyOf`, and a constraint that cannot be enforced (minimum, maxLength, pattern, ...) moves
 * into the description, where the model at least reads it. The official SDKs do the same to schemas they are given.
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
 */
export function structuredSchema(schema: JsonObject): JsonObject {
  const kept: Record<string, Json> = {}
  const rest: string[] = []
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || IGNORED.has(key)) continue
    if (schema.$ref !== undefined && !BESIDE_REF.has(key)) continue
    const known = keep(key, value, schema)
    if (known === undefined) rest.push(`${key}: ${writeExact(value)}`)
    else Object.assign(kept, known)
  }
  if (schema.$ref === undefined && isObjectSchema(schema)) kept.additionalProperties = false
  if (rest.length > 0) kept.description = described(kept.description, rest)
  return kept
}

const IGNORED = new Set(['$schema', '$id', '$comment'])
/** A reference stands alone; only the definitions it may point at stay with it. */
const BESIDE_REF = new Set(['$ref', '$defs', 'definitions'])
const PLAIN = new Set(['$ref', 'type', 'enum', 'const', 'description', 'title', 'required'])
const NAMED = new Set(['properties', '$defs', 'definitions'])
const FORMATS = new Set('date-time time date duration email hostname uri ipv4 ipv6 uuid'.split(' '))

/** The keyword as it may stay; undefined when it cannot. */
function keep(key: string, value: Json, schema: JsonObject): JsonObject | undefined {
  if (PLAIN.has(key)) return { [key]: value }
  if (NAMED.has(key) && isObject(value)) {
    return { [key]: Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, nested(inner)])) }
  }
  if (key === 'items' && isObject(value)) return { items: nested(value) }
  if (key === 'anyOf' || key === 'oneOf' || key === 'allOf') {
    const name = key === 'oneOf' && schema.anyOf === undefined ? 'anyOf' : key
    return Array.isArray(value) && name !== 'oneOf' ? { [name]: value.map(nested) } : undefined
  }
  if (key === 'format') return typeof value === 'string' && FORMATS.has(value) ? { format: value } : undefined
  if (key === 'minItems') return value === 0 || value === 1 ? { minItems: value } : undefined
  if (key === 'additionalProperties') return typeof value === 'boolean' ? {} : undefined
  return undefined
}

function nested(schema: Json | undefined): Json {
  return isObject(schema) ? structuredSchema(schema) : (schema ?? {})
}

function isObjectSchema(schema: JsonObject): boolean {
  const { type } = schema
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || isObject(schema.properties)
}

function described(description: Json | undefined, rest: readonly string[]): string {
  const note = `{${rest.join(', ')}}`
  return typeof description === 'string' && description ? `${description}\n\n${note}` : note
}
