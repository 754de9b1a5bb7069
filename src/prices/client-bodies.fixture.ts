import type { JsonObject } from '../core/json.ts'

/** A conversation of one message with these parts. */
export const said = (...content: JsonObject[]): JsonObject => ({ messages: [{ role: 'user', content }] })
export const text = { type: 'text', text: 'hello', cache_control: { type: 'ephemeral', ttl: '1h' } }
const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }
const FUNCTION = { name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} }, strict: true }

/** Bodies by the clients that send them: all of their input stands in them. */
export const CLOSED: Readonly<Record<string, JsonObject>> = {
  'the OpenAI SDK with all its settings': {
    ...said({ type: 'text', text: 'hello' }),
    ...{ store: false, metadata: { a: 'b' }, user: 'u', safety_identifier: 's', parallel_tool_calls: true, seed: 1 },
    ...{ reasoning_effort: 'low', verbosity: 'low', logprobs: true, top_logprobs: 2, stream_options: {}, stop: ['x'] },
    ...{ prompt_cache_key: 'k', prompt_cache_retention: '24h', prompt_cache_options: { mode: 'explicit' } },
    prediction: { type: 'content', content: [{ type: 'text', text: 'a' }] },
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } },
  },
  'parallel tool calls': {
    messages: [
      { role: 'developer', content: [{ type: 'text', text: 'be brief' }] },
      { role: 'assistant', content: null, refusal: null, audio: null, tool_calls: [call, { ...call, id: 'c2' }] },
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'a' }] },
      { role: 'tool', tool_call_id: 'c2', content: 'b' },
    ],
    tools: [{ type: 'function', function: FUNCTION }],
    tool_choice: 'auto',
  },
  'tools with free text': {
    ...said(text),
    tools: [{ type: 'custom', custom: { name: 'code', format: { type: 'text' } } }],
  },
  'a tool whose type is left out': { ...said(text), tools: [{ function: FUNCTION }] },
  "Anthropic's tools": {
    ...said(text),
    tools: [
      { name: 'look', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } },
      { type: 'custom', name: 'find', input_schema: { type: 'object' } },
    ],
  },
  'thoughts that come back': {
    messages: [
      {
        role: 'assistant',
        content: 'a',
        reasoning: 'because',
        reasoning_content: 'because',
        reasoning_details: [{ type: 'reasoning.encrypted', data: 'x' }],
        thinking_blocks: [{ type: 'thinking', thinking: 'because', signature: 's' }],
        annotations: [],
      },
      { role: 'user', content: [text] },
    ],
    reasoning: { effort: 'high' },
    thinking: { type: 'enabled', budget_tokens: 2_000 },
  },
  "Anthropic's results of tools": said({ type: 'tool_result', tool_use_id: 't', content: [text] }),
  "Anthropic's texts to quote from": said(
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a' }, citations: { enabled: true } },
    { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] }, title: 't' },
    { type: 'search_result', source: 'https://example.com', title: 't', content: [{ type: 'text', text: 'a' }] },
  ),
  'parts of nothing but a text': said({ text: 'hello' }, { type: null, text: 'hello' }),
  'nothing said in many words': {
    ...said(text),
    ...{ extra_body: {}, plugins: [], container: null, mcp_servers: [], data_sources: [], conversation: '' },
    ...{ search_parameters: { mode: 'off' }, enable_search: false, web_search_options: null, previous_response_id: '' },
  },
  'settings in an extra body': {
    ...said(text),
    extra_body: { google: { thinking_config: { include_thoughts: true, thinking_budget: 100 } }, top_k: 5 },
  },
}
