import { parseExact, writeExact } from '../../core/exact-numbers.ts'
import { Failure } from '../../core/failure.ts'
import { ObjectFrame } from '../../core/frame.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Secret } from '../../core/secret.ts'
import type { Reading } from '../protocol.ts'
import { readError, toFailure } from './failure.ts'
import { finishReason } from './finish-reason.ts'
import { readWholeCounts, toOpenAiUsage, toUsage } from './usage.ts'

/** What an answer is written with besides what Anthropic says. */
export interface AnswerContext {
  /** Seconds since 1970, for `created`. */
  readonly created: number
  /** For `id` and `model` where the upstream names none. */
  readonly fallbackId: string
  readonly model: string
  readonly includeUsage: boolean
  readonly secret: Secret | undefined
}

/**
 * Reads a whole Message as OpenAI's `chat.completion`.
 * @throws Failure `bad_answer` when it is none.
 */
export function readWhole(body: Buffer, context: AnswerContext): Reading {
  const message = parseMessage(body, context)
  const blocks = Array.isArray(message.content) ? message.content.filter(isObject) : []
  const reason = typeof message.stop_reason === 'string' ? finishReason(message.stop_reason) : 'stop'
  const counts = readWholeCounts(message.usage)
  const id = typeof message.id === 'string' ? message.id : context.fallbackId
  const model = typeof message.model === 'string' ? message.model : context.model
  const written = writeMessage(blocks, refusalOf(message))
  const completion = {
    id,
    object: 'chat.completion',
    created: context.created,
    model,
    choices: [{ index: 0, message: written, logprobs: null, finish_reason: reason }],
    ...(counts && { usage: toOpenAiUsage(counts) }),
  }
  return {
    frame: new ObjectFrame([completion], false),
    ...(counts && { usage: toUsage(counts) }),
    model,
    responseId: id,
    finishReason: reason,
    contentBytes: contentBytes(written),
  }
}

function parseMessage(body: Buffer, context: AnswerContext): JsonObject {
  let value: unknown
  try {
    value = parseExact(body.toString('utf8'))
  } catch (cause) {
    throw new Failure('bad_answer', 'Anthropic answered 200 with something that is not JSON', { cause })
  }
  if (isObject(value) && value.type === 'error') throw toFailure(readError(value), context.secret)
  if (isObject(value) && Array.isArray(value.content)) return value
  throw new Failure('bad_answer', 'Anthropic answered 200 with JSON that is not a message: it has no content')
}

/** Why the model would not answer, where it says so. */
export function refusalOf(message: JsonObject): string | null {
  const details = message.stop_details
  return isObject(details) && typeof details.explanation === 'string' ? details.explanation : null
}

function writeMessage(blocks: readonly JsonObject[], refusal: string | null): JsonObject {
  const text = joined(blocks, 'text', 'text')
  const reasoning = joined(blocks, 'thinking', 'thinking')
  const thoughts = blocks.filter(block => block.type === 'thinking' || block.type === 'redacted_thinking')
  const calls = blocks.filter(block => block.type === 'tool_use').map(toolCall)
  return {
    role: 'assistant',
    content: text === '' && blocks.every(block => block.type !== 'text') ? null : text,
    refusal,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(thoughts.length > 0 && { thinking_blocks: thoughts }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

function joined(blocks: readonly JsonObject[], type: string, field: string): string {
  return blocks.map(block => (block.type === type && typeof block[field] === 'string' ? block[field] : '')).join('')
}

function toolCall(block: JsonObject): JsonObject {
  return {
    id: block.id ?? '',
    type: 'function',
    function: { name: block.name ?? '', arguments: writeExact(block.input ?? {}) },
  }
}

function contentBytes(message: JsonObject): number {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls.filter(isObject) : []
  const pieces: (Json | undefined)[] = [message.content, message.reasoning_content]
  for (const call of calls) if (isObject(call.function)) pieces.push(call.function.arguments)
  return pieces.reduce<number>((sum, piece) => sum + (typeof piece === 'string' ? Buffer.byteLength(piece) : 0), 0)
}
