// The loads: what is asked, what a right answer has in it, and how long contenders are warmed up with it.
import { CHUNKS, FIRST_TEXT } from './answers.mjs'

/** The key that the gateway is configured with, and the one that calls it. */
export const MASTER_KEY = 'sk-bench-4b1d7c9e2f6a'
export const CALLER_KEY = 'sk-bench-0000000000-aRq7WmZt4fYx'

/** Another key of as many as there are. */
export const keyNumber = number =>
  number === 0 ? CALLER_KEY : `sk-bench-${String(number).padStart(10, '0')}-aRq7WmZt4fYx`

const TEXT = 'Say "hello" to the quick brown fox,\nthen to the lazy dog. '
/** English has some 4.5 bytes per token; these sentences have 4.4. */
const HUGE_BYTES = 440_000

const WHOLE_END = 'over the lazy dog'
const STREAM_END = 'data: [DONE]\n\n'

const whole = { streamed: false, contains: WHOLE_END, perSecond: 'half', warm: 20_000 }
const stream = { streamed: true, contains: FIRST_TEXT, ends: STREAM_END, perSecond: 50, warm: 400 }

/**
 * - `body`: of about so many bytes, in the order in which OpenAI's SDK writes its members; its `model` names the pool of
 *   the gateway, others ignore it
 * - `contains`, `ends`: what each answer must have in it, and at its end
 * - `perSecond`: calls a second at the fixed rate; `half`: half of what the gateway can do
 * - `warm`: calls before anything is counted
 * - `connections`: clients at once, beside ten, of which throughput is told
 * - `who` takes part, beside the upstream alone, the bare pass-through and the gateway
 * - `sizes` of the gateway that take part, see `startTollgate`
 * - `busyOnly`: nothing is measured at a fixed rate
 * - `path` of the upstream below which it is asked
 */
export const LOADS = {
  small: {
    ...whole,
    title: 'whole, 200 B',
    body: request({ bytes: 200 }),
    // V8 takes some 70,000 calls to optimise the gateway, and CPU time falls until then.
    warm: 70_000,
    connections: [1, 50, 500],
    who: ['plain', 'peers'],
  },
  large: { ...whole, title: 'whole, 16 KiB prompt', body: request({ bytes: 16 << 10 }), who: ['plain', 'peers'] },
  huge: {
    ...whole,
    title: 'whole, 100,000-token prompt',
    body: request({ bytes: HUGE_BYTES }),
    warm: 1_500,
    watchesLoop: true,
  },
  stream: {
    ...stream,
    title: `stream, ${CHUNKS} chunks`,
    body: request({ bytes: 200, stream: true }),
    connections: [1, 50, 500],
    who: ['plain', 'peers'],
  },
  tools: { ...whole, title: 'tools', body: toolRequest(), contains: 'weather_forecast' },
  translated: { ...whole, title: 'OpenAI to Anthropic, whole', body: request({ bytes: 200, model: 'translated' }) },
  translatedStream: {
    ...stream,
    title: 'OpenAI to Anthropic, stream',
    body: request({ bytes: 200, model: 'translated', stream: true }),
  },
  failover: { ...whole, title: 'failover on 10 % of calls', body: request({ bytes: 200, model: 'failing' }) },
  deployments: {
    ...whole,
    title: '1, 100, 1,000 deployments',
    body: request({ bytes: 200 }),
    warm: 70_000,
    busyOnly: true,
    sizes: [
      { name: 'tollgate, 1 deployment', deployments: 1 },
      { name: 'tollgate, 100', deployments: 100 },
      { name: 'tollgate, 1,000', deployments: 1_000 },
    ],
  },
  keys: {
    ...whole,
    title: '1 key, 100,000 keys',
    body: request({ bytes: 200 }),
    // Each of the keys is asked for once.
    warm: 110_000,
    busyOnly: true,
    sizes: [{ name: 'tollgate, 100,000 keys', keys: 100_000 }],
  },
  // An event per second, for memory only.
  slow: {
    ...stream,
    title: 'slow streams',
    body: request({ bytes: 200, model: 'slow', stream: true }),
    path: '/slow',
    memoryOnly: true,
  },
}

/** The loads that a run consists of. */
export const MEASURED = Object.keys(LOADS).filter(name => !LOADS[name].memoryOnly)

function request({ bytes, model = 'bench', ...members }) {
  const body = content => JSON.stringify({ model, messages: [{ role: 'user', content }], ...members })
  return body(TEXT.repeat(Math.ceil(bytes / TEXT.length)).slice(0, bytes - body('').length))
}

/** An agent's second turn: four tools with their schemas, a call of one, and what it gave. */
function toolRequest() {
  const properties = {
    city: { type: 'string', description: 'The city, by its name in its own language' },
    unit: { type: 'string', enum: ['celsius', 'fahrenheit'], description: 'The unit of all temperatures' },
    days: { type: 'integer', minimum: 1, maximum: 14, description: 'Days from now, the current one included' },
  }
  const parameters = { type: 'object', properties, required: ['city'], additionalProperties: false }
  const names = ['weather_forecast', 'weather_history', 'air_quality', 'sea_temperature']
  const described = name => ({ name, description: `Tells the ${name.replace('_', ' ')} of a place.`, parameters })
  const call = { name: 'weather_forecast', arguments: '{"city":"Oslo","unit":"celsius","days":1}' }
  return JSON.stringify({
    model: 'bench',
    messages: [
      { role: 'user', content: 'Compare the weather in Oslo and Reykjavík.' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: call }] },
      { role: 'tool', tool_call_id: 'call_1', content: '{"temperature":[-3,1],"sky":"snow showers"}' },
    ],
    tools: names.map(name => ({ type: 'function', function: described(name) })),
    tool_choice: 'auto',
  })
}
