import type { CollectedAnswer } from '../core/collected-answer.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'

type Draft = Record<string, Json | undefined>

/** A collected answer as one body: the whole one as it came, a stream put together. Null when nothing of it was kept. */
export function responseBody({ frames }: CollectedAnswer, streamed: boolean): JsonObject | null {
  const objects = frames.flatMap(frame => frame.objects)
  const [first] = objects
  if (!first) return null
  return streamed && isChunk(first) ? joined(first, objects) : first
}

function isChunk({ object, choices }: JsonObject): boolean {
  return object === 'chat.completion.chunk' || (Array.isArray(choices) && choices.every(one => !hasMessage(one)))
}

function hasMessage(choice: Json): boolean {
  return isObject(choice) && choice.message !== undefined
}

function joined(first: JsonObject, chunks: readonly JsonObject[]): JsonObject {
  const choices = new Map<Json, Draft>()
  const chat = first.object === 'chat.completion.chunk'
  let usage: Json | undefined
  for (const chunk of chunks) {
    if (isObject(chunk.usage)) usage = chunk.usage
    for (const choice of Array.isArray(chunk.choices) ? chunk.choices : []) if (isObject(choice)) add(choices, choice)
  }
  return {
    ...first,
    ...(chat && { object: 'chat.completion' }),
    choices: [...choices.values()],
    ...(usage !== undefined && { usage }),
  }
}

function add(choices: Map<Json, Draft>, { index = 0, delta, text, finish_reason }: JsonObject): void {
  const known = choices.get(index)
  const choice = known ?? { index, finish_reason: null }
  if (!known) choices.set(index, choice)
  if (typeof text === 'string') choice.text = `${choice.text ?? ''}${text}`
  if (typeof finish_reason === 'string') choice.finish_reason = finish_reason
  if (isObject(delta)) choice.message = merged(isObject(choice.message) ? choice.message : { role: 'assistant' }, delta)
}

/** Texts are joined, tool calls by their index, everything else replaced. */
function merged(message: JsonObject, delta: JsonObject): JsonObject {
  const out: Draft = { ...message }
  for (const [name, value] of Object.entries(delta)) {
    const before = out[name]
    if (name === 'tool_calls' && Array.isArray(value)) out[name] = withCalls(Array.isArray(before) ? before : [], value)
    else if (typeof value === 'string' && typeof before === 'string' && !FIXED.has(name)) out[name] = before + value
    else if (isObject(value) && isObject(before)) out[name] = merged(before, value)
    else if (value !== null || before === undefined) out[name] = value
  }
  return out
}

/** Names whose value is repeated and not continued. */
const FIXED = new Set(['role', 'id', 'type'])

function withCalls(calls: readonly Json[], more: readonly Json[]): Json[] {
  const all = [...calls]
  for (const piece of more) {
    if (!isObject(piece)) continue
    const { index = 0, ...call } = piece
    const at = typeof index === 'number' && index >= 0 && index < 1000 ? index : 0
    const before = all[at]
    all[at] = isObject(before) ? merged(before, call) : call
  }
  return all
}
