// What is asked and what is answered: fixed, so that every run and both contenders do the same work.

const MODEL = 'gpt-4o-mini-2024-07-18'
const HEAD = { id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT', created: 1_741_569_952, model: MODEL }
const USAGE = { prompt_tokens: 60, completion_tokens: 100, total_tokens: 160 }

/** Events of a stream with some of the answer in them. */
export const CHUNKS = 100

/** The key that the gateway is configured with. */
export const MASTER_KEY = 'sk-bench-4b1d7c9e2f6a'

export const wholeAnswer = JSON.stringify({
  ...HEAD,
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'The quick brown fox jumps over the lazy dog. '.repeat(6), refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { ...USAGE, prompt_tokens_details: { cached_tokens: 0 } },
  service_tier: 'default',
  system_fingerprint: 'fp_34a54ae93c',
})

/** A prelude, the content, the finish, the usage and the end, as OpenAI sends them. */
export const streamEvents = [
  event(choice({ role: 'assistant', content: '', refusal: null }, null)),
  ...Array.from({ length: CHUNKS }, (_, index) => event(choice({ content: ` word${index}` }, null))),
  event(choice({}, 'stop')),
  event({ choices: [], usage: USAGE }),
  'data: [DONE]\n\n',
]

function choice(delta, finish) {
  return { choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null }
}

function event(rest) {
  const chunk = {
    ...HEAD,
    object: 'chat.completion.chunk',
    service_tier: 'default',
    system_fingerprint: 'fp_34a',
    ...rest,
  }
  return `data: ${JSON.stringify(chunk)}\n\n`
}

/**
 * The loads, by name: the request's body, whether the answer is a stream, clients at once when CPU time is measured, and
 * requests until a contender is warm: V8 takes some 70,000 to optimise the gateway, and CPU time falls until then.
 */
export const LOADS = {
  small: { title: 'whole, 200 B', body: request(200), streamed: false, busy: 10, warm: 70_000 },
  large: { title: 'whole, 16 KiB prompt', body: request(16 << 10), streamed: false, busy: 10, warm: 20_000 },
  stream: {
    title: `stream, ${CHUNKS} chunks`,
    body: request(200, { stream: true }),
    streamed: true,
    busy: 20,
    warm: 600,
  },
}

/** A request body of about so many bytes, in the order in which OpenAI's SDK writes its members. */
function request(bytes, members = {}) {
  const body = content => JSON.stringify({ model: 'bench', messages: [{ role: 'user', content }], ...members })
  const text = 'Say "hello" to the quick brown fox,\nthen to the lazy dog. '
  return body(text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes - body('').length))
}
