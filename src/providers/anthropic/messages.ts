import { parseExact } from '../../core/exact-numbers.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { contentBlocks, textBlocks, withCacheControl } from './content.ts'
import { invalid } from './refusal.ts'

/** A conversation as Anthropic takes it: instructions apart, and turns that alternate, the user first. */
export interface Conversation {
  readonly system: string | readonly JsonObject[] | undefined
  readonly messages: readonly Turn[]
  /** The last turn of the assistant called tools and came back without its thoughts. */
  readonly thoughtsLost: boolean
}

export interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: readonly JsonObject[]
}

/** What the user says when the client lets nobody begin: Anthropic wants a first turn, and not a blank one. */
const OPENING: JsonObject = { type: 'text', text: '.' }

/** @throws Failure `invalid_request` with the path of what cannot be written. */
export function writeConversation(messages: Json | undefined): Conversation {
  if (!Array.isArray(messages) || messages.length === 0) throw invalid('messages', 'must be a non-empty array')
  const system: JsonObject[] = []
  const turns: { role: Turn['role']; content: JsonObject[] }[] = []
  messages.forEach((message: Json, index) => {
    const path = `messages[${index}]`
    if (!isObject(message)) throw invalid(path, 'must be an object')
    const { role, blocks } = writeMessage(message, path)
    if (role === 'system') system.push(...blocks)
    else if (turns.at(-1)?.role === role) turns.at(-1)?.content.push(...blocks)
    else if (blocks.length > 0) turns.push({ role, content: blocks })
  })
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', content: [OPENING] })
  const finished = turns.map((turn, index) => finish(turn, index === turns.length - 1))
  return { system: writeSystem(system), messages: finished, thoughtsLost: thoughtsLost(turns) }
}

function writeMessage(message: JsonObject, path: string): { role: 'system' | Turn['role']; blocks: JsonObject[] } {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', blocks: marked(contentBlocks(message.content, `${path}.content`), message) }
    case 'user':
      return { role: 'user', blocks: marked(contentBlocks(message.content, `${path}.content`), message) }
    case 'assistant':
      return { role: 'assistant', blocks: marked(assistantBlocks(message, path), message) }
    case 'tool':
      return { role: 'user', blocks: [toolResult(message, path)] }
    default:
      throw invalid(`${path}.role`, 'must be system, developer, user, assistant or tool')
  }
}

/** LiteLLM lets a whole message be marked for the cache: that is its last block. */
function marked(blocks: JsonObject[], message: JsonObject): JsonObject[] {
  const last = blocks.at(-1)
  if (last && message.cache_control) blocks[blocks.length - 1] = withCacheControl(last, message.cache_control)
  return blocks
}

function assistantBlocks(message: JsonObject, path: string): JsonObject[] {
  if (isObject(message.function_call)) throw invalid(`${path}.function_call`, 'is no longer a thing: use tool_calls')
  const said = contentBlocks(message.content, `${path}.content`)
  if (said.length === 0 && typeof message.refusal === 'string') said.push(...textBlocks(message.refusal))
  const calls = toolUses(message.tool_calls, `${path}.tool_calls`)
  if (said.length + calls.length === 0) return []
  return [...thoughts(message.thinking_blocks), ...said, ...calls]
}

/** Thoughts that Anthropic signed, in LiteLLM's field. It refuses unsigned ones, such as other providers'. */
function thoughts(blocks: Json | undefined): JsonObject[] {
  if (!Array.isArray(blocks)) return []
  return blocks.flatMap((block: Json): JsonObject[] => {
    if (!isObject(block)) return []
    const { type, thinking, signature, data } = block
    if (type === 'thinking' && typeof signature === 'string' && signature !== '') {
      return [{ type, thinking: typeof thinking === 'string' ? thinking : '', signature }]
    }
    return type === 'redacted_thinking' && typeof data === 'string' ? [{ type, data }] : []
  })
}

function toolUses(calls: Json | undefined, path: string): JsonObject[] {
  if (calls === undefined || calls === null) return []
  if (!Array.isArray(calls)) throw invalid(path, 'must be an array')
  return calls.map((call: Json, index) => {
    const at = `${path}[${index}]`
    if (!isObject(call) || !isObject(call.function)) throw invalid(at, 'must be a function call')
    const { name, arguments: input } = call.function
    if (typeof name !== 'string' || name === '') throw invalid(`${at}.function.name`, 'must be a non-empty string')
    const id = toolUseId(call.id, `${at}.id`)
    const block = { type: 'tool_use', id, name, input: parsedArguments(input, `${at}.function.arguments`) }
    return withCacheControl(block, call.cache_control)
  })
}

/**
 * Where Anthropic documents that arguments go which are no JSON object, such as those of an answer that was cut: the model sees what
 * it said, and the conversation goes on.
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
 */
const NO_JSON = 'INVALID_JSON'

function parsedArguments(input: Json | undefined, path: string): JsonObject {
  if (input === undefined || input === null || input === '') return {}
  const value = typeof input === 'string' ? parsed(input) : input
  if (isObject(value)) return value
  if (typeof input === 'string') return { [NO_JSON]: input }
  throw invalid(path, 'must be a JSON object')
}

function parsed(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return undefined
  }
}

/** Anthropic's ids are of `[a-zA-Z0-9_-]`; other providers' ids are spelt out in it, the same way on both sides. */
function toolUseId(id: Json | undefined, path: string): string {
  if (typeof id !== 'string' || id === '') throw invalid(path, 'must be a non-empty string')
  return id.replace(/[^a-zA-Z0-9_-]/g, character => `_${character.charCodeAt(0).toString(16)}_`)
}

function toolResult(message: JsonObject, path: string): JsonObject {
  const blocks = contentBlocks(message.content, `${path}.content`)
  const block = {
    type: 'tool_result',
    tool_use_id: toolUseId(message.tool_call_id, `${path}.tool_call_id`),
    ...(blocks.length > 0 && { content: blocks }),
    ...(message.is_error === true && { is_error: true }),
  }
  return withCacheControl(block, message.cache_control)
}

/** Results come first in their turn, and a last word to be continued must not end with white space. */
function finish(turn: Turn, last: boolean): Turn {
  if (turn.role === 'user') {
    const results = turn.content.filter(block => block.type === 'tool_result')
    return { role: 'user', content: [...results, ...turn.content.filter(block => block.type !== 'tool_result')] }
  }
  const end = turn.content.at(-1)
  if (!last || typeof end?.text !== 'string') return turn
  return { role: 'assistant', content: [...turn.content.slice(0, -1), { ...end, text: end.text.trimEnd() }] }
}

function writeSystem(blocks: readonly JsonObject[]): Conversation['system'] {
  if (blocks.length === 0) return undefined
  if (blocks.some(block => block.cache_control || block.type !== 'text')) return blocks
  return blocks.map(block => block.text).join('\n\n')
}

function thoughtsLost(turns: readonly Turn[]): boolean {
  const last = turns.findLast(turn => turn.role === 'assistant')?.content ?? []
  const kinds = last.map(block => block.type)
  return kinds.includes('tool_use') && !kinds.includes('thinking') && !kinds.includes('redacted_thinking')
}
