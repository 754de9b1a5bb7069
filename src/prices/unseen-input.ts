import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { isLongText, type LongTexts } from '../core/long-texts.ts'

/**
 * Members of a body that bring input which does not stand in it: searches, earlier answers and stored prompts, containers, tools of
 * servers, data that the host looks up. Not all are members of a chat call; what a host does with one that it knows is its own affair.
 * https://platform.openai.com/docs/api-reference/responses/create, https://platform.claude.com/docs/en/api/messages/create,
 * https://openrouter.ai/docs/api-reference/overview, https://ai.google.dev/gemini-api/docs/openai (`extra_body.google.cached_content`),
 * https://learn.microsoft.com/azure/ai-services/openai/references/on-your-data, https://docs.x.ai/docs/guides/live-search
 */
const REFERENCES: readonly string[] = [
  'web_search_options',
  'search_parameters',
  'enable_search',
  'previous_response_id',
  'conversation',
  'container',
  'mcp_servers',
  'plugins',
  'preset',
  'data_sources',
  'cached_content',
  'extra_body',
]

/** Parts of a message whose whole input is what stands in them. */
const WRITTEN_PARTS: ReadonlySet<Json | undefined> = new Set([
  'text',
  'input_text',
  'output_text',
  'refusal',
  'thinking',
  'redacted_thinking',
  'reasoning',
  'tool_use',
  'tool_result',
  'search_result',
])

/** Whether the input of a request depends on something that is kept or found elsewhere. Decodes no long text: a text refers to nothing. */
export function hasUnseenInput(body: JsonObject, longTexts?: LongTexts): boolean {
  return (
    REFERENCES.some(name => isSaid(body[name])) ||
    // A stored prompt is an object with an `id`; a completion's is text or tokens.
    (!isLongText(longTexts, body, 'prompt') && isObject(body.prompt)) ||
    runsTools(body.tools) ||
    (Array.isArray(body.messages) && body.messages.some(message => isReference(message, longTexts)))
  )
}

function isSaid(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== false
}

/** Tools other than functions are run by the host, which puts what they say into the input. */
function runsTools(tools: Json | undefined): boolean {
  return Array.isArray(tools) && tools.some(tool => !isObject(tool) || tool.type !== 'function')
}

/** An earlier answer in sound is named by `audio: {id}`; hosts know a picture by its member where a part has no type. */
function isReference(message: Json, longTexts: LongTexts | undefined): boolean {
  if (!isObject(message)) return false
  if (isSaid(message.audio)) return true
  if (isLongText(longTexts, message, 'content')) return false
  const { content } = message
  if (!Array.isArray(content)) return false
  return content.some(part => isObject(part) && !WRITTEN_PARTS.has(part.type))
}
