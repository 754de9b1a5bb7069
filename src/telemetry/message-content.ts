import { isObject, type Json, type JsonObject } from '../core/json.ts'

/** The prompt in the shape of `gen_ai.input.messages`: a JSON list of `{role, parts}`. */
export function inputMessages(body: JsonObject): string {
  return JSON.stringify(messagesOf(body))
}

/** The answer in the shape of `gen_ai.output.messages`. */
export function outputMessages(body: JsonObject | null): string {
  const choices = Array.isArray(body?.choices) ? body.choices.filter(isObject) : []
  return JSON.stringify(choices.map(choiceView))
}

function choiceView({ message, text, finish_reason }: JsonObject): JsonObject {
  const view = isObject(message)
    ? messageView({ role: 'assistant', ...message })
    : { role: 'assistant', parts: partsOf(text) }
  return { ...view, finish_reason }
}

function messagesOf(body: JsonObject): JsonObject[] {
  const { messages, prompt, input } = body
  if (Array.isArray(messages)) return messages.filter(isObject).map(messageView)
  const text = prompt ?? input
  return text === undefined ? [] : [{ role: 'user', parts: partsOf(text) }]
}

function messageView(message: JsonObject): JsonObject {
  const { role, content } = message
  if (role === 'tool') {
    const part = { type: 'tool_call_response', id: message.tool_call_id, result: content }
    return { role, parts: [part] }
  }
  return { role: role ?? 'user', parts: [...partsOf(content), ...toolCallParts(message.tool_calls)] }
}

function partsOf(content: Json | undefined): JsonObject[] {
  if (content === undefined || content === null) return []
  if (Array.isArray(content)) return content.map(partView)
  return [partView(content)]
}

/** Text as it is; of pictures, sounds and files only what they are. */
function partView(part: Json): JsonObject {
  if (!isObject(part)) return { type: 'text', content: typeof part === 'string' ? part : JSON.stringify(part) }
  if (typeof part.text === 'string') return { type: 'text', content: part.text }
  return { type: part.type ?? 'unknown' }
}

function toolCallParts(calls: Json | undefined): JsonObject[] {
  if (!Array.isArray(calls)) return []
  return calls.filter(isObject).map(call => {
    const tool = isObject(call.function) ? call.function : {}
    return { type: 'tool_call', id: call.id, name: tool.name, arguments: tool.arguments }
  })
}
