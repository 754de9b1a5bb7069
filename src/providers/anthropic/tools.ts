import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { invalid } from './refusal.ts'
import { structuredSchema } from './schema.ts'

/** OpenAI's functions as Anthropic's tools; a tool in Anthropic's own shape (server tools) is passed on. */
export function writeTools(tools: Json | undefined): JsonObject[] | undefined {
  if (tools === undefined) return undefined
  if (!Array.isArray(tools)) throw invalid('tools', 'must be an array')
  if (tools.length === 0) return undefined
  return tools.map((tool: Json, index) => writeTool(tool, `tools[${index}]`))
}

function writeTool(tool: Json, path: string): JsonObject {
  if (!isObject(tool)) throw invalid(path, 'must be an object')
  if (tool.type === 'custom' && isObject(tool.custom)) {
    throw invalid(`${path}.type`, 'Anthropic has no tools with free-form input; use a function')
  }
  if (tool.type !== 'function') {
    if (typeof tool.name === 'string') return tool
    throw invalid(`${path}.type`, 'must be function, or the tool must have the shape that Anthropic documents')
  }
  const { function: definition } = tool
  if (!isObject(definition)) throw invalid(`${path}.function`, 'must be an object')
  const { name, description, parameters, strict } = definition
  if (typeof name !== 'string' || name === '') throw invalid(`${path}.function.name`, 'must be a non-empty string')
  const cacheControl = tool.cache_control ?? definition.cache_control
  const schema = inputSchema(parameters, `${path}.function.parameters`)
  return {
    name,
    ...(typeof description === 'string' && description !== '' && { description }),
    input_schema: strict === true ? structuredSchema(schema) : schema,
    ...(strict === true && { strict }),
    ...(cacheControl && { cache_control: cacheControl }),
  }
}

/** Anthropic wants an object schema, always. */
function inputSchema(parameters: Json | undefined, path: string): JsonObject {
  if (parameters === undefined || parameters === null) return { type: 'object', properties: {} }
  if (!isObject(parameters)) throw invalid(path, 'must be a JSON schema')
  return parameters.type === undefined ? { type: 'object', ...parameters } : parameters
}

/** `tool_choice` and `parallel_tool_calls` together, as Anthropic has them in one object. */
export function writeToolChoice(
  choice: Json | undefined,
  parallel: Json | undefined,
  hasTools: boolean,
): JsonObject | undefined {
  const chosen = writeChoice(choice)
  if (!hasTools) {
    if (chosen && chosen.type !== 'auto' && chosen.type !== 'none') throw invalid('tool_choice', 'needs tools')
    return undefined
  }
  if (parallel !== false || chosen?.type === 'none') return chosen
  return { ...(chosen ?? { type: 'auto' }), disable_parallel_tool_use: true }
}

/** Whether the model may not do without a tool. */
export function forcesTool(choice: Json | undefined): boolean {
  const type = writeChoice(choice)?.type
  return type === 'any' || type === 'tool'
}

function writeChoice(choice: Json | undefined): JsonObject | undefined {
  if (choice === undefined) return undefined
  if (choice === 'auto' || choice === 'none') return { type: choice }
  if (choice === 'required' || choice === 'any') return { type: 'any' }
  if (isObject(choice)) {
    if (choice.type === 'function' && isObject(choice.function) && typeof choice.function.name === 'string') {
      return { type: 'tool', name: choice.function.name }
    }
    if (choice.type === 'tool' || choice.type === 'any' || choice.type === 'auto' || choice.type === 'none') {
      return choice
    }
  }
  throw invalid('tool_choice', 'must be auto, none, required or {"type": "function", "function": {"name": ...}}')
}
