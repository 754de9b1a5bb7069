import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { invalid, type Target, unsupported } from './refusal.ts'
import { structuredSchema } from './schema.ts'

/** What `response_format` becomes: a format that is enforced, or a sentence that asks for it. */
export interface OutputFormat {
  /** `output_config.format`. */
  readonly format?: JsonObject
  /** Added to the system prompt. */
  readonly instruction?: string
}

const JSON_ONLY = 'Respond with a single JSON object and nothing else: no prose, no code fence.'

/**
 * `json_schema` is `output_config.format`, which all models from 4.5 on have without a beta header. A forced tool, the
 * way before, is an error on Opus 5.5, Sonnet 5.5 and Fable 5.1 and with every thinking model. `json_object` has no
 * counterpart, because a schema must be closed: it is asked for in the system prompt, as OpenAI demands of the client too.
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs
 */
export function writeOutputFormat(wanted: Json | undefined, target: Target): OutputFormat {
  if (wanted === undefined) return {}
  if (!isObject(wanted)) throw invalid('response_format', 'must be an object')
  switch (wanted.type) {
    case 'text':
      return {}
    case 'json_object':
      return { instruction: JSON_ONLY }
    case 'json_schema':
      if (target.deployment.limits.supports.response_schema === false) {
        unsupported(target, 'response_format', 'takes no JSON schema')
        return {}
      }
      return { format: { type: 'json_schema', schema: schemaOf(wanted) } }
    default:
      throw invalid('response_format.type', 'must be text, json_object or json_schema')
  }
}

function schemaOf(wanted: JsonObject): JsonObject {
  const definition = isObject(wanted.json_schema) ? wanted.json_schema.schema : wanted.schema
  if (!isObject(definition)) throw invalid('response_format.json_schema.schema', 'must be a JSON schema')
  return structuredSchema(definition)
}
