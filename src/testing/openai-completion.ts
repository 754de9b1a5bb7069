import type { Json, JsonObject } from '../core/json.ts'
import type { Material, UpstreamDialect } from './dialect.ts'
import { DONE_EVENT, missingParameter, openaiManners, openaiUsage, wantsUsage } from './openai-wire.ts'
import type { StreamEvent } from './sse-format.ts'

/** `POST /v1/completions` (OpenAI API reference, "The completion object"; chunks have the same shape). */
export const openaiCompletion: UpstreamDialect = {
  ...openaiManners,
  check: request => (request.body.prompt === undefined ? missingParameter('prompt') : undefined),
  whole(material) {
    const { answer, usage } = material
    return {
      ...envelope(material),
      choices: choices(answer.text, answer.finishReason),
      ...(usage && { usage: openaiUsage(usage) }),
    }
  },
  stream(material) {
    const { request, answer, usage } = material
    const asked = wantsUsage(request)
    const chunk = (role: StreamEvent['role'], list: Json, counts: Json = null): StreamEvent => ({
      role,
      data: JSON.stringify({ ...envelope(material), choices: list, ...(asked && { usage: counts }) }),
    })
    return [
      ...answer.pieces().map(piece => chunk('content', choices(piece, null))),
      chunk('other', choices('', answer.finishReason)),
      ...(asked && usage ? [chunk('usage', [], openaiUsage(usage))] : []),
      DONE_EVENT,
    ]
  },
}

function envelope({ request, createdS }: Material): JsonObject {
  return { id: `cmpl-mock-${request.number}`, object: 'text_completion', created: createdS, model: request.model }
}

function choices(text: string, finishReason: string | null): Json {
  return [{ index: 0, text, logprobs: null, finish_reason: finishReason }]
}
