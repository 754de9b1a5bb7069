import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { isLongText, type LongTexts } from '../core/long-texts.ts'
import { asksSearch } from '../core/web-search.ts'
import { isMedia } from './measure.ts'

/**
 * Members of a body that bring input which does not stand in it: searches, earlier answers and stored prompts, containers, tools of
 * servers, data that the host looks up. Not all are members of a chat call; what a host does with one that it knows is its own affair.
 * https://platform.openai.com/docs/api-reference/responses/create, https://platform.claude.com/docs/en/api/messages/create,
 * https://openrouter.ai/docs/api-reference/overview, https://ai.google.dev/gemini-api/docs/openai (`extra_body.google.cached_content`),
 * https://learn.microsoft.com/azure/ai-services/openai/references/on-your-data, https://docs.x.ai/docs/guides/live-search
 */
const REFERENCES: readonly string[] = [
  'enable_search',
  'previous_response_id',
  'conversation',
  'container',
  'mcp_servers',
  'plugins',
  'preset',
  'data_sources',
  'cached_content',
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
    asksSearch(body) ||
    // A stored prompt is an object with an `id`; a completion's is text or tokens.
    (!isLongText(longTexts, body, 'prompt') && isObject(body.prompt)) ||
    runsTools(body.tools) ||
    (Array.isArray(body.messages) && body.messages.some(message => isReference(message, longTexts))) ||
    (!isLongText(longTexts, body, 'input') && Array.isArray(body.input) && body.input.some(isUnwritten)) ||
    (isObject(body.extra_body) && hasUnseenWithin(body.extra_body, longTexts))
  )
}

/** What clients send who leave it open says nothing: null, false and what is empty. */
function isSaid(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null)
    return value !== undefined && value !== null && value !== false && value !== ''
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0
}

/** Members of the host's own, at any depth: most are settings (`google.thinking_config`), some bring input (`google.cached_content`). */
function hasUnseenWithin(members: JsonObject, longTexts: LongTexts | undefined): boolean {
  if (hasUnseenInput(members, longTexts)) return true
  return Object.keys(members).some(name => {
    if (isLongText(longTexts, members, name)) return false
    const member = members[name]
    return isObject(member) && hasUnseenWithin(member, longTexts)
  })
}

/** Tools that the client does not run are run by the host, which puts what they say into the input. */
function runsTools(tools: Json | undefined): boolean {
  return Array.isArray(tools) && tools.some(tool => !isObject(tool) || !isOfClient(tool))
}

/** Functions, OpenAI's tools with free text and Anthropic's own; some clients leave the type of a function out. */
function isOfClient(tool: JsonObject): boolean {
  const type = tool.type ?? undefined
  if (type === undefined) return isObject(tool.function) || isObject(tool.input_schema)
  return type === 'function' || type === 'custom'
}

/** An earlier answer in sound is named by `audio: {id}`. */
function isReference(message: Json, longTexts: LongTexts | undefined): boolean {
  if (!isObject(message)) return false
  if (isSaid(message.audio)) return true
  if (isLongText(longTexts, message, 'content')) return false
  const { content } = message
  return Array.isArray(content) ? content.some(isUnwritten) : isUnwritten(content)
}

/** Hosts know a picture by its member where a part has no type: such a part is text only where it has nothing else. */
function isUnwritten(part: Json | undefined): boolean {
  if (!isObject(part) || WRITTEN_PARTS.has(part.type)) return false
  if (part.type === 'document') return isMedia(part)
  return (part.type ?? null) !== null || Object.keys(part).some(name => !OF_TEXT.has(name))
}

const OF_TEXT: ReadonlySet<string> = new Set(['type', 'text', 'cache_control'])
