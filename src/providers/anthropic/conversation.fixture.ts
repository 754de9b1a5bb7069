import type { JsonObject } from '../../core/json.ts'

const usage = {
  input_tokens: 10,
  cache_creation_input_tokens: 300,
  cache_read_input_tokens: 2000,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
  output_tokens: 3,
  service_tier: 'standard',
}

export const MESSAGE_START: JsonObject = {
  type: 'message_start',
  message: {
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5-20250929',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  },
}

export const MESSAGE_STOP: JsonObject = { type: 'message_stop' }

export function messageDelta(stopReason: string, outputTokens = 89): JsonObject {
  return {
    type: 'message_delta',
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: outputTokens, input_tokens: null, output_tokens_details: { thinking_tokens: 40 } },
  }
}

export function blockStart(index: number, block: JsonObject): JsonObject {
  return { type: 'content_block_start', index, content_block: block }
}

export function blockDelta(index: number, delta: JsonObject): JsonObject {
  return { type: 'content_block_delta', index, delta }
}

export function blockStop(index: number): JsonObject {
  return { type: 'content_block_stop', index }
}

export function text(index: number, ...pieces: readonly string[]): JsonObject[] {
  return [
    blockStart(index, { type: 'text', text: '' }),
    ...pieces.map(piece => blockDelta(index, { type: 'text_delta', text: piece })),
    blockStop(index),
  ]
}

/** Thoughts, a redacted thought, text, a server tool, two tools (the second without arguments): everything at once. */
export const EVERYTHING: readonly JsonObject[] = [
  MESSAGE_START,
  { type: 'ping' },
  blockStart(0, { type: 'thinking', thinking: '', signature: '' }),
  blockDelta(0, { type: 'thinking_delta', thinking: 'Let me ' }),
  blockDelta(0, { type: 'thinking_delta', thinking: 'see… 🤔' }),
  blockDelta(0, { type: 'signature_delta', signature: 'c2lnbmF0dXJl' }),
  blockStop(0),
  blockStart(1, { type: 'redacted_thinking', data: 'cmVkYWN0ZWQ=' }),
  blockStop(1),
  ...text(2, 'Ich prüfe ', 'das: 東京'),
  blockStart(3, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
  blockDelta(3, { type: 'input_json_delta', partial_json: '{"query":"x"}' }),
  blockStop(3),
  blockStart(4, { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} }),
  blockDelta(4, { type: 'input_json_delta', partial_json: '' }),
  blockDelta(4, { type: 'input_json_delta', partial_json: '{"city":' }),
  blockDelta(4, { type: 'input_json_delta', partial_json: '"東京"}' }),
  blockStop(4),
  blockStart(5, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }),
  blockDelta(5, { type: 'input_json_delta', partial_json: '' }),
  blockStop(5),
  { type: 'an_event_of_next_year', index: 9 },
  messageDelta('tool_use'),
  MESSAGE_STOP,
]
