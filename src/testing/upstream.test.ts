import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startUpstream, type Upstream } from './index.ts'

let upstream: Upstream
let openai: OpenAI
let anthropic: Anthropic

beforeAll(async () => {
  upstream = await startUpstream({ models: ['gpt-mock', 'claude-mock'] })
  openai = new OpenAI({ baseURL: upstream.baseUrl, apiKey: 'sk-test', maxRetries: 0 })
  anthropic = new Anthropic({ baseURL: upstream.url, apiKey: 'sk-test', maxRetries: 0 })
})
afterEach(() => {
  upstream.reset()
})
afterAll(() => upstream.stop())

const ask = (content: string) => ({ model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content }] })
const post = (path: string, body: unknown) =>
  fetch(upstream.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe('OpenAI chat', () => {
  it('answers with a quotation of the prompt, the model asked for and the fixed usage', async () => {
    const answer = await openai.chat.completions.create(ask('What is 2+2?'))
    expect(answer.choices[0]?.message.content).toBe('Mock answer to: "What is 2+2?"')
    expect(answer.model).toBe('gpt-4o-mini')
    expect(answer.usage).toEqual({ prompt_tokens: 20, completion_tokens: 15, total_tokens: 35 })
    expect(answer._request_id).toBe('req_mock_1')
  })

  it('quotes no more than forty characters, of the last user message, whatever its shape', async () => {
    const answer = await openai.chat.completions.create({
      model: 'm',
      messages: [
        { role: 'user', content: 'first' },
        { role: 'assistant', content: 'second' },
        { role: 'user', content: [{ type: 'text', text: '😀'.repeat(50) }] },
      ],
    })
    expect(answer.choices[0]?.message.content).toBe(`Mock answer to: "${'😀'.repeat(40)}"`)
  })

  it('streams the same text and tells usage only to those who ask', async () => {
    const stream = await openai.chat.completions.create({ ...ask('Hello there'), stream: true })
    const chunks = await collect(stream)
    expect(chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Mock answer to: "Hello there"')
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.some(chunk => 'usage' in chunk)).toBe(false)
    const [record] = await upstream.closed()
    expect(record).toMatchObject({ usage: undefined, counted: { inputTokens: 20, outputTokens: 15 }, closed: 'us' })
  })

  it('ends with a usage chunk without choices when asked, and null before', async () => {
    const options = { stream: true, stream_options: { include_usage: true } } as const
    const chunks = await collect(await openai.chat.completions.create({ ...ask('Hi'), ...options }))
    const usage = { prompt_tokens: 20, completion_tokens: 15, total_tokens: 35 }
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
    expect(chunks.slice(0, -1).every(chunk => chunk.usage === null)).toBe(true)
    const [record] = await upstream.closed()
    expect(record?.usage).toEqual({ inputTokens: 20, outputTokens: 15 })
  })

  it('puts [DONE] at the end of the bytes', async () => {
    const text = await (await post('/chat/completions', { ...ask('Hi'), stream: true })).text()
    expect(text.endsWith('\n\ndata: [DONE]\n\n')).toBe(true)
    const [record] = await upstream.closed()
    expect(record?.bytesOut).toBe(Buffer.byteLength(text))
  })

  it.each([false, true])('plays a model that calls tools (stream: %s)', async stream => {
    upstream.script({
      answer: request =>
        request.messages.at(-1)?.role === 'tool'
          ? 'It is 18 °C in Paris.'
          : { toolCalls: [{ name: 'get_weather', arguments: { city: 'Paris' } }], reasoning: 'A tool knows.' },
    })
    const runner = openai.chat.completions.stream({ ...ask('Weather?') })
    const first = stream ? await runner.finalChatCompletion() : await openai.chat.completions.create(ask('Weather?'))
    const message = first.choices[0]?.message
    expect(first.choices[0]?.finish_reason).toBe('tool_calls')
    expect(message?.tool_calls).toMatchObject([
      { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
    ])
    if (!stream) expect(message).toMatchObject({ content: null, reasoning_content: 'A tool knows.' })
    const second = await openai.chat.completions.create({
      model: 'm',
      messages: [{ role: 'tool', tool_call_id: 'call_1', content: '18' }],
    })
    expect(second.choices[0]?.message.content).toBe('It is 18 °C in Paris.')
  })

  it.each([
    ['no messages', { model: 'm' }, "Missing required parameter: 'messages'.", 'messages'],
    ['an empty object', {}, "Missing required parameter: 'messages'.", 'messages'],
    ['no JSON', '{"model":', 'could not parse the JSON body', null],
    ['no object', '[1]', 'could not parse the JSON body', null],
  ])('refuses %s with 400 in the shape of OpenAI, and lives on', async (_, body, message, param) => {
    const response = await post('/v1/chat/completions', body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: expect.objectContaining({
        type: 'invalid_request_error',
        message: expect.stringContaining(message),
        param,
      }),
    })
    expect((await post('/v1/chat/completions', ask('Still there?'))).status).toBe(200)
  })
})

describe('OpenAI beside chat', () => {
  it('completes prompts, whole and in a stream', async () => {
    const whole = await openai.completions.create({ model: 'm', prompt: 'Once upon' })
    expect(whole).toMatchObject({ object: 'text_completion', choices: [{ text: 'Mock answer to: "Once upon"' }] })
    const options = { stream: true, stream_options: { include_usage: true } } as const
    const chunks = await collect(await openai.completions.create({ model: 'm', prompt: 'Once upon', ...options }))
    expect(chunks.map(chunk => chunk.choices[0]?.text ?? '').join('')).toBe('Mock answer to: "Once upon"')
    expect(chunks.at(-1)?.usage?.total_tokens).toBe(35)
  })

  it('embeds to the same numbers in both encodings', async () => {
    const asked = { model: 'm', input: ['a', 'b'], dimensions: 5 }
    const viaBase64 = await openai.embeddings.create(asked)
    const viaFloat = await openai.embeddings.create({ ...asked, encoding_format: 'float' })
    expect(upstream.log.map(record => record.body.encoding_format)).toEqual(['base64', 'float'])
    expect([...(viaBase64.data[0]?.embedding ?? [])]).toEqual(viaFloat.data[0]?.embedding)
    expect(viaFloat.data[0]?.embedding).toHaveLength(5)
    expect(viaFloat.data[0]?.embedding).not.toEqual(viaFloat.data[1]?.embedding)
    expect(viaFloat.usage).toEqual({ prompt_tokens: 20, total_tokens: 20 })
  })

  it('lists models, tells its health and 404s for the rest', async () => {
    const models = await collect(openai.models.list())
    expect(models.map(model => model.id)).toEqual(['gpt-mock', 'claude-mock'])
    expect(await (await fetch(`${upstream.url}/health`)).json()).toEqual({ status: 'ok' })
    const unknown = await fetch(`${upstream.url}/v1/nothing`)
    expect(unknown.status).toBe(404)
    expect(await unknown.json()).toMatchObject({ error: { code: 'unknown_url' } })
  })
})

describe('Anthropic messages', () => {
  const asked = { model: 'claude-x', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Good day' }] }

  it('answers whole, with cache tokens counted apart', async () => {
    upstream.script({ usage: { inputTokens: 20, outputTokens: 15, cacheReadTokens: 4, cacheWriteTokens: 6 } })
    const message = await anthropic.messages.create(asked)
    expect(message).toMatchObject({
      model: 'claude-x',
      role: 'assistant',
      content: [{ type: 'text', text: 'Mock answer to: "Good day"' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, cache_creation_input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 15 },
    })
    expect(message._request_id).toBe('req_mock_1')
  })

  it('streams named events that the client assembles to the same message', async () => {
    upstream.script({
      answer: { text: 'Let me see.', toolCalls: [{ name: 'search', arguments: { q: 'é' } }], reasoning: 'Hm.' },
    })
    const message = await anthropic.messages.stream(asked).finalMessage()
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.', signature: 'bW9jaw==' },
      { type: 'text', text: 'Let me see.' },
      { type: 'tool_use', id: 'call_1', name: 'search', input: { q: 'é' } },
    ])
    expect(message).toMatchObject({ stop_reason: 'tool_use', usage: { input_tokens: 20, output_tokens: 15 } })
    const [record] = await upstream.closed()
    expect(record).toMatchObject({
      usage: { inputTokens: 20, outputTokens: 15 },
      operation: 'messages',
      streamed: true,
    })
  })

  it.each([
    ['messages', { model: 'm', max_tokens: 1 }],
    ['max_tokens', { model: 'm', messages: [] }],
  ])('refuses a request without %s in the shape of Anthropic', async (field, body) => {
    const response = await post('/v1/messages', body)
    expect(response.status).toBe(400)
    const error = { type: 'invalid_request_error', message: `${field}: Field required` }
    expect(await response.json()).toEqual({ type: 'error', error })
  })
})
