import type { Json, JsonObject } from '../core/json.ts'
import type { Material, UpstreamDialect } from './dialect.ts'
import { missingParameter, openaiManners } from './openai-wire.ts'
import { listOf, textsOf } from './upstream-request.ts'

/** `POST /v1/embeddings` (OpenAI API reference, "The embedding object"), with `encoding_format` float or base64. */
export const openaiEmbedding: UpstreamDialect = {
  ...openaiManners,
  check: request => (request.body.input === undefined ? missingParameter('input') : undefined),
  whole(material) {
    const { request, usage } = material
    const { encoding_format: format, dimensions } = request.body
    const length = typeof dimensions === 'number' ? dimensions : material.dimensions
    const encode = (text: string): Json => (format === 'base64' ? toBase64(embed(text, length)) : embed(text, length))
    return {
      object: 'list',
      data: inputTexts(material).map((text, index) => ({ object: 'embedding', index, embedding: encode(text) })),
      model: request.model,
      ...(usage && {
        usage: { prompt_tokens: usage.inputTokens, total_tokens: usage.inputTokens } satisfies JsonObject,
      }),
    }
  },
  stream: undefined,
}

/** One text per embedding. A list of numbers is one input, already cut into tokens. */
function inputTexts({ request }: Material): readonly string[] {
  const { input } = request.body
  const isTokens = listOf(input).some(item => typeof item === 'number')
  return isTokens ? [JSON.stringify(input)] : textsOf(input)
}

/**
 * A unit vector that depends on the text alone: equal texts have equal vectors, and others hardly ever do. The values
 * are those of 32-bit floats, so that both encodings tell the same. FNV-1a mixed by xorshift32 (Marsaglia, 2003).
 */
export function embed(text: string, length: number): readonly number[] {
  let state = 0x811c9dc5
  for (const byte of Buffer.from(text)) state = Math.imul(state ^ byte, 0x01000193)
  state ||= 1
  const raw = Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  })
  const norm = Math.hypot(...raw) || 1
  return raw.map(value => Math.fround(value / norm))
}

/** Little-endian 32-bit floats in base64, as OpenAI sends them. */
function toBase64(values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
