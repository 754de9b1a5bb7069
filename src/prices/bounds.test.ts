import fc from 'fast-check'
import { countTokens as exact } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../core/json.ts'
import { Pieces } from '../core/pieces.ts'
import type { Operation, Request } from '../core/request.ts'
import { inputTokenBounds, outputTokensFrom, requestedOutputTokens } from './bounds.ts'

const encoder = new TextEncoder()

function chat(body: JsonObject): Request {
  return { operation: 'chat', body, streamed: false }
}

function withBytes(request: Request): Request {
  return { ...request, source: { bytes: new Pieces([encoder.encode(JSON.stringify(request.body))]), model: undefined } }
}

const message = (content: Json): JsonObject => ({ role: 'user', content })
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.lorem({ maxCount: 80 }),
)

describe('inputTokenBounds', () => {
  it('hold the exact count, with and without bytes', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), contents => {
        const request = chat({ model: 'm', messages: contents.map(message) })
        // Four tokens for each message and three before the answer, as OpenAI counts them.
        const count = contents.reduce((sum, content) => sum + 4 + tokens(content), 3)
        for (const bounds of [inputTokenBounds(request), inputTokenBounds(withBytes(request))]) {
          expect(bounds.low).toBeLessThanOrEqual(count)
          expect(bounds.high).toBeGreaterThanOrEqual(count)
          expect(bounds.likely).toBeLessThanOrEqual(bounds.high)
          expect(bounds.likely).toBeGreaterThanOrEqual(bounds.low)
        }
      }),
    )
  })

  it('stay below the count for the longest tokens there are', () => {
    const spaces = ' '.repeat(128 * 40)
    expect(inputTokenBounds(chat({ messages: [message(spaces)] })).low).toBeLessThanOrEqual(tokens(spaces) + 7)
  })

  it('take the bytes where they are there', () => {
    const request = chat({ messages: [message('hi')] })
    expect(
      inputTokenBounds({ ...request, source: { bytes: new Pieces([new Uint8Array(1000)]), model: undefined } }).high,
    ).toBe(1256)
  })

  it('without bytes bound at least as many as the JSON has bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const body: JsonObject = JSON.parse(
          JSON.stringify({ messages: [{ role: 'user', content: 'a' }], extra: value }),
        )
        const unescaped = JSON.stringify(body).replaceAll(/\\(?:u[0-9a-f]{4}|.)/g, '_')
        expect(inputTokenBounds(chat(body)).high).toBeGreaterThan(encoder.encode(unescaped).length)
      }),
    )
  })

  it('are likely a quarter of the bytes, not of the characters', () => {
    const likely = (content: string) => inputTokenBounds(chat({ messages: [message(content)] })).likely
    expect(likely('abcd'.repeat(1000))).toBe(1004)
    expect(likely('ä'.repeat(2000))).toBe(1004)
  })

  it('count tools and schemas, and an allowance for the prompt that explains them', () => {
    const tools = [{ type: 'function', function: { name: 'weather', description: 'd'.repeat(400), parameters: {} } }]
    const bare = inputTokenBounds(chat({ messages: [message('hi')] }))
    const tooled = inputTokenBounds(chat({ messages: [message('hi')], tools }))
    expect(tooled.likely - bare.likely).toBeGreaterThanOrEqual(100)
    expect(tooled.high - bare.high).toBeGreaterThanOrEqual(1024 + 400)
    expect([bare.open, tooled.open]).toEqual([false, false])
  })

  it('pass over what is not prompt', () => {
    const likely = (extra: JsonObject) => inputTokenBounds(chat({ messages: [message('hi')], ...extra })).likely
    expect(likely({ user: 'u'.repeat(4000), metadata: { a: 'b'.repeat(4000) } })).toBe(likely({}))
  })

  it.each<[string, Json]>([
    ['a picture by address', { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }],
    ['a picture inline', { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(400_000)}` } }],
    ['sound', { type: 'input_audio', input_audio: { data: 'A'.repeat(4000), format: 'wav' } }],
    ['a file', { type: 'file', file: { file_id: 'file-1' } }],
  ])('do not take the bytes of %s for text, and say that they are open', (_name, part) => {
    const bounds = inputTokenBounds(chat({ messages: [message([{ type: 'text', text: 'What is this?' }, part])] }))
    expect(bounds.likely).toBeLessThan(1100)
    expect(bounds.likely).toBeGreaterThan(1000)
    expect(bounds.high).toBeGreaterThan(50_000)
    expect(bounds.open).toBe(true)
  })

  it.each<[string, JsonObject]>([
    ['tools of the host', { tools: [{ type: 'web_search' }] }],
    ['a web search', { web_search_options: {} }],
  ])('are open with %s', (_name, extra) => {
    expect(inputTokenBounds(chat({ messages: [message('hi')], ...extra })).open).toBe(true)
  })

  it.each<[string, JsonObject]>([
    ['an earlier response', { previous_response_id: 'resp_1' }],
    ['a conversation', { conversation: { id: 'conv_1' } }],
    ['a stored prompt', { prompt: { id: 'pmpt_1' } }],
    ['a container', { container: 'container_1' }],
    ['servers of tools', { mcp_servers: [{ type: 'url', url: 'https://example.com', name: 'x' }] }],
    ["a host's search", { search_parameters: { mode: 'auto' } }],
    ['a cache that was filled before', { extra_body: { google: { cached_content: 'cachedContents/1' } } }],
    ['data of the host', { data_sources: [{ type: 'azure_search' }] }],
    ['an earlier answer in sound', { messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }],
    ['a picture without a type', { messages: [message([{ image_url: { url: 'https://example.com/a.png' } }])] }],
    ['a part of a new kind', { messages: [message([{ type: 'hologram', id: '1' }])] }],
    ['an upload', { messages: [message([{ type: 'container_upload', file_id: 'file-1' }])] }],
  ])('are open with %s', (_name, extra) => {
    expect(inputTokenBounds(chat({ messages: [message('hi')], ...extra })).open).toBe(true)
  })

  it.each<[string, JsonObject]>([
    ['nothing said', { conversation: null, container: null, plugins: null, enable_search: false }],
    ['sound as output', { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }],
    ['an answer without sound', { messages: [{ role: 'assistant', content: 'a', audio: null, refusal: null }] }],
    ['texts', { messages: [message([{ type: 'text', text: 'a' }]), message([{ type: 'refusal', refusal: 'b' }])] }],
    ['a result of a tool', { messages: [message([{ type: 'tool_result', content: [{ type: 'text', text: 'a' }] }])] }],
  ])('are closed with %s', (_name, extra) => {
    expect(inputTokenBounds(chat({ messages: [message('hi')], ...extra })).open).toBe(false)
  })

  it('are open with what the result of a tool shows', () => {
    const content = [{ type: 'image', source: { type: 'file', file_id: 'file-1' } }]
    expect(inputTokenBounds(chat({ messages: [message([{ type: 'tool_result', content }])] })).open).toBe(true)
  })

  it('count prompts given as tokens', () => {
    const request: Request = { operation: 'embedding', body: { input: [[1, 2, 3], [40_000]] }, streamed: false }
    for (const bounds of [inputTokenBounds(request), inputTokenBounds(withBytes(request))]) {
      expect(bounds.likely).toBe(4)
      expect(bounds.high).toBeGreaterThanOrEqual(4)
    }
  })

  it('survive a body nested deeper than the stack, and a very long list', () => {
    let nested: Json = 'deep'
    for (let depth = 0; depth < 200_000; depth++) nested = [nested]
    const list = Array.from({ length: 300_000 }, () => 7)
    expect(inputTokenBounds(chat({ messages: [message(nested)], prompt: list })).likely).toBeGreaterThan(300_000)
  })

  it.each<JsonObject>([{}, { messages: null }, { messages: 'text', tools: {} }])('survive the body %j', body => {
    expect(inputTokenBounds(chat(body)).high).toBeGreaterThan(0)
  })
})

describe('outputTokensFrom', () => {
  it.each([
    [0, 0, 0],
    [1, 0, 1],
    [4000, 10, 1000],
    [4001, 10, 1001],
    [100, 90, 90],
  ])('%d bytes in %d events are %d tokens', (contentBytes, contentEvents, tokens) => {
    expect(outputTokensFrom({ contentBytes, contentEvents })).toBe(tokens)
  })
})

describe('requestedOutputTokens', () => {
  it.each<[Operation, JsonObject, number | undefined]>([
    ['chat', {}, undefined],
    ['chat', { max_tokens: 7 }, 7],
    ['chat', { max_tokens: 7, max_completion_tokens: 9 }, 9],
    ['chat', { max_tokens: 7, n: 4 }, 28],
    ['chat', { max_tokens: 'many', n: -1 }, undefined],
    ['chat', { max_tokens: 7, n: null, max_completion_tokens: null }, 7],
    ['chat', { max_tokens: 0 }, undefined],
    ['completion', { max_tokens: 5, n: 2, best_of: 3 }, 15],
    ['completion', { max_tokens: 5, prompt: ['a', 'b'] }, 10],
    ['completion', { max_tokens: 5, prompt: [1, 2, 3] }, 5],
    ['completion', { max_tokens: 5, prompt: [[1, 2], [3]], n: 2 }, 20],
    ['completion', { max_tokens: 5, prompt: [] }, 5],
    ['embedding', { input: 'a', max_tokens: 5 }, 0],
  ])('%s %j asks for %s', (operation, body, expected) => {
    expect(requestedOutputTokens({ operation, body, streamed: false })).toBe(expected)
  })
})

function tokens(content: string): number {
  return exact(content, { disallowedSpecial: new Set<string>() })
}
