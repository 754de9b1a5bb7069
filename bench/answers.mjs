// What the upstream answers: fixed, so that every run and every contender does the same work.

const MODEL = 'gpt-4o-mini-2024-07-18'
const HEAD = { id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT', created: 1_741_569_952, model: MODEL }
const USAGE = { prompt_tokens: 60, completion_tokens: 100, total_tokens: 160 }
const CLAUDE = { id: 'msg_01XFDUDYJgAACzvnptvVoYEL', type: 'message', role: 'assistant', model: 'claude-haiku-4-5' }
const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(6)
const ARGUMENTS = { city: 'Reykjavík', unit: 'celsius', days: 3 }

/** Events of a stream with some of the answer in them. */
export const CHUNKS = 100

/** In the first of them, whatever the dialect. */
export const FIRST_TEXT = ' word0'

/** OpenAI's answers by what they are. */
export const openai = {
  whole: completion({ role: 'assistant', content: TEXT, refusal: null }, 'stop'),
  tools: completion({ role: 'assistant', content: null, refusal: null, tool_calls: [toolCall()] }, 'tool_calls'),
  /** A prelude, the content, the finish, the usage and the end. */
  events: [
    event(choice({ role: 'assistant', content: '', refusal: null }, null)),
    ...words(word => event(choice({ content: word }, null))),
    event(choice({}, 'stop')),
    event({ choices: [], usage: USAGE }),
    'data: [DONE]\n\n',
  ],
}

/** Anthropic's. */
export const anthropic = {
  whole: JSON.stringify({
    ...CLAUDE,
    content: [{ type: 'text', text: TEXT }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: claudeUsage(100),
  }),
  events: [
    named({
      type: 'message_start',
      message: { ...CLAUDE, content: [], stop_reason: null, stop_sequence: null, usage: claudeUsage(1) },
    }),
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...words(text => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    named({ type: 'content_block_stop', index: 0 }),
    named({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 100 },
    }),
    named({ type: 'message_stop' }),
  ],
}

export const failure = JSON.stringify({
  error: { message: 'The server had an error while processing your request.', type: 'server_error', code: null },
})

function words(make) {
  return Array.from({ length: CHUNKS }, (_, index) => make(` word${index}`))
}

function completion(message, finish) {
  return JSON.stringify({
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage: { ...USAGE, prompt_tokens_details: { cached_tokens: 0 } },
    service_tier: 'default',
    system_fingerprint: 'fp_34a54ae93c',
  })
}

function toolCall() {
  const call = { name: 'weather_forecast', arguments: JSON.stringify(ARGUMENTS) }
  return { id: 'call_DdmO9pD3xa9XTPNJ32zg2hcA', type: 'function', function: call }
}

function choice(delta, finish) {
  return { choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null }
}

function event(rest) {
  const whole = { ...HEAD, object: 'chat.completion.chunk', service_tier: 'default', system_fingerprint: 'fp_34a' }
  return `data: ${JSON.stringify({ ...whole, ...rest })}\n\n`
}

function named(data) {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

function claudeUsage(outputTokens) {
  return {
    input_tokens: 60,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
    service_tier: 'standard',
  }
}
