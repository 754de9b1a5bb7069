import type { Json, JsonObject } from '../core/json.ts'
import type { Usage } from '../core/usage.ts'
import type { Material, UpstreamDialect, UpstreamError } from './dialect.ts'
import type { ComposedAnswer, FinishReason } from './scripted-answer.ts'
import type { StreamEvent } from './sse-format.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** `POST /v1/messages` (Anthropic API reference, "Messages" and "Streaming messages"). */
export const anthropicMessages: UpstreamDialect = {
  check: checkMessages,
  whole: message,
  stream: messageEvents,
  error: anthropicError,
  errorEvent: error => event('other', anthropicError(error)),
  streamsUsage: () => true,
  requestIdHeader: 'request-id',
}

/** Both are required; a client that translates from OpenAI's dialect easily forgets the second. */
function checkMessages(request: UpstreamRequest): UpstreamError | undefined {
  const { messages, max_tokens: maxTokens } = request.body
  if (Array.isArray(messages) && typeof maxTokens === 'number') return undefined
  const field = Array.isArray(messages) ? 'max_tokens' : 'messages'
  return { status: 400, type: 'invalid_request_error', message: `${field}: Field required` }
}

const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
}

function message(material: Material): JsonObject {
  const { answer, usage } = material
  return {
    ...envelope(material.request),
    content: blocks(answer).map(block => block.whole),
    stop_reason: STOP_REASONS[answer.finishReason],
    stop_sequence: null,
    ...(usage && { usage: anthropicUsage(usage) }),
  }
}

function messageEvents(material: Material): readonly StreamEvent[] {
  const { request, answer, usage } = material
  const start: JsonObject = {
    ...envelope(request),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    ...(usage && { usage: anthropicUsage({ ...usage, outputTokens: 1 }) }),
  }
  const end: JsonObject = {
    type: 'message_delta',
    delta: { stop_reason: STOP_REASONS[answer.finishReason], stop_sequence: null },
    ...(usage && { usage: anthropicUsage(usage) }),
  }
  return [
    event('other', { type: 'message_start', message: start }),
    event('other', { type: 'ping' }),
    ...blocks(answer).flatMap(blockEvents),
    event('usage', end),
    event('done', { type: 'message_stop' }),
  ]
}

/** A content block: as it stands in a whole message, as a stream begins it, and the deltas that fill it. */
interface Block {
  readonly whole: JsonObject
  readonly start: JsonObject
  readonly deltas: () => readonly JsonObject[]
}

function blocks(answer: ComposedAnswer): readonly Block[] {
  const { reasoning, text, pieces, toolCalls } = answer
  const list: Block[] = []
  if (reasoning !== '') list.push(thinkingBlock(reasoning))
  if (text !== '' || toolCalls.length === 0) {
    list.push({
      whole: { type: 'text', text },
      start: { type: 'text', text: '' },
      deltas: () => pieces().map(piece => ({ type: 'text_delta', text: piece })),
    })
  }
  return [...list, ...toolCalls.map(toolBlock)]
}

function thinkingBlock(thinking: string): Block {
  const signature = Buffer.from('mock').toString('base64')
  return {
    whole: { type: 'thinking', thinking, signature },
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: () => [
      { type: 'thinking_delta', thinking },
      { type: 'signature_delta', signature },
    ],
  }
}

function toolBlock(call: ComposedAnswer['toolCalls'][number]): Block {
  const middle = Math.ceil(call.arguments.length / 2)
  const pieces = ['', call.arguments.slice(0, middle), call.arguments.slice(middle)]
  return {
    whole: { type: 'tool_use', id: call.id, name: call.name, input: parsed(call.arguments) },
    start: { type: 'tool_use', id: call.id, name: call.name, input: {} },
    deltas: () => pieces.map(piece => ({ type: 'input_json_delta', partial_json: piece })),
  }
}

/** A whole message holds the arguments as an object; text that is no JSON has to stay text. */
function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

function blockEvents(block: Block, index: number): readonly StreamEvent[] {
  return [
    event('other', { type: 'content_block_start', index, content_block: block.start }),
    ...block.deltas().map(delta => event('content', { type: 'content_block_delta', index, delta })),
    event('other', { type: 'content_block_stop', index }),
  ]
}

/** Every event is named after its type: Anthropic's client drops those without a name. */
function event(role: StreamEvent['role'], data: JsonObject): StreamEvent {
  return { name: String(data.type), data: JSON.stringify(data), role }
}

function envelope(request: UpstreamRequest): JsonObject {
  return { id: `msg_mock_${request.number}`, type: 'message', role: 'assistant', model: request.model }
}

/** Anthropic's `input_tokens` leave out what was read from or written to the cache; ours are a total. */
function anthropicUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0, cacheWrite1hTokens = 0 } = usage
  const written = cacheWriteTokens + cacheWrite1hTokens
  return {
    input_tokens: inputTokens - cacheReadTokens - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cacheReadTokens,
    ...(written > 0 && {
      cache_creation: { ephemeral_5m_input_tokens: cacheWriteTokens, ephemeral_1h_input_tokens: cacheWrite1hTokens },
    }),
    output_tokens: outputTokens,
  }
}

function anthropicError({ type, message: text }: UpstreamError): JsonObject {
  return { type: 'error', error: { type, message: text } }
}
