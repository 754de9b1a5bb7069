import type { Json, JsonObject } from '../core/json.ts'
import type { Material, UpstreamDialect } from './dialect.ts'
import { DONE_EVENT, missingParameter, openaiManners, openaiUsage, wantsUsage } from './openai-wire.ts'
import type { ComposedAnswer } from './scripted-answer.ts'
import type { StreamEvent } from './sse-format.ts'

/** `POST /v1/chat/completions` (OpenAI API reference, "The chat completion object" and "... chunk object"). */
export const openaiChat: UpstreamDialect = {
  ...openaiManners,
  check: request => (Array.isArray(request.body.messages) ? undefined : missingParameter('messages')),
  whole: chatCompletion,
  stream: chatChunks,
}

function chatCompletion(material: Material): JsonObject {
  const { request, answer, usage, createdS } = material
  return {
    id: `chatcmpl-mock-${request.number}`,
    object: 'chat.completion',
    created: createdS,
    model: request.model,
    choices: [{ index: 0, message: message(answer), logprobs: null, finish_reason: answer.finishReason }],
    ...(usage && { usage: openaiUsage(usage) }),
  }
}

function message(answer: ComposedAnswer): JsonObject {
  return {
    role: 'assistant',
    content: answer.text === '' && answer.toolCalls.length > 0 ? null : answer.text,
    refusal: null,
    ...(answer.reasoning !== '' && { reasoning_content: answer.reasoning }),
    ...(answer.toolCalls.length > 0 && {
      tool_calls: answer.toolCalls.map(call => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  }
}

function chatChunks(material: Material): readonly StreamEvent[] {
  const { request, answer, usage, createdS } = material
  const asked = wantsUsage(request)
  const chunk = (role: StreamEvent['role'], choices: Json, counts: Json = null): StreamEvent => ({
    role,
    data: JSON.stringify({
      id: `chatcmpl-mock-${request.number}`,
      object: 'chat.completion.chunk',
      created: createdS,
      model: request.model,
      choices,
      ...(asked && { usage: counts }),
    }),
  })
  const choice = (delta: JsonObject, finishReason: string | null = null): Json => [
    { index: 0, delta, logprobs: null, finish_reason: finishReason },
  ]
  return [
    chunk('other', choice({ role: 'assistant', content: answer.toolCalls.length > 0 ? null : '', refusal: null })),
    ...deltas(answer).map(delta => chunk('content', choice(delta))),
    chunk('other', choice({}, answer.finishReason)),
    ...(asked && usage ? [chunk('usage', [], openaiUsage(usage))] : []),
    DONE_EVENT,
  ]
}

function deltas(answer: ComposedAnswer): readonly JsonObject[] {
  return [
    ...(answer.reasoning === '' ? [] : [{ reasoning_content: answer.reasoning }]),
    ...answer.pieces().map(content => ({ content })),
    ...answer.toolCalls.flatMap(toolDeltas),
  ]
}

/** A tool call comes with its id and name first, then its arguments, here in two halves. */
function toolDeltas(call: ComposedAnswer['toolCalls'][number], index: number): readonly JsonObject[] {
  const middle = Math.ceil(call.arguments.length / 2)
  const halves = [call.arguments.slice(0, middle), call.arguments.slice(middle)].filter(half => half !== '')
  return [
    { tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }] },
    ...halves.map(half => ({ tool_calls: [{ index, function: { arguments: half } }] })),
  ]
}
