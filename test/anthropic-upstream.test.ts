import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { fault, type UpstreamOptions } from '../src/testing/index.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const hello = { model: 'claude', messages: [{ role: 'user' as const, content: 'hello' }] }

/** Nano-dollars per token: a price of its own for every kind, so that a mix-up shows in the sum. */
const RATES = { input: 3_000n, output: 15_000n, cacheRead: 300n, cacheWrite: 3_750n, cacheWrite1h: 6_000n }

async function setUp(options: UpstreamOptions = {}) {
  const upstream = await stage.upstream(options)
  const entry = {
    pool: 'claude',
    baseUrl: upstream.url,
    model: 'anthropic/claude-sonnet-4-5-20250929',
    key: 'sk-ant-secret-key-0001',
    input: '0.000003',
    output: '0.000015',
    params: {
      cache_read_input_token_cost: '0.0000003',
      cache_creation_input_token_cost: '0.00000375',
      cache_creation_input_token_cost_above_1hr: '0.000006',
    },
  }
  const served = await stage.gateway(modelList(entry) + PLAIN)
  const client = new OpenAI({ baseURL: served.baseUrl, apiKey: 'anything' })
  return { upstream, client, ...served }
}

const weather = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
} as const

describe('Anthropic’s protocol behind OpenAI’s client', () => {
  it('answers a whole call, asked in Anthropic’s words', async () => {
    const { client, upstream, lines } = await setUp()
    const answer = await client.chat.completions.create({
      ...hello,
      messages: [{ role: 'system', content: 'Be brief.' }, ...hello.messages],
      max_tokens: 50,
    })
    expect(answer.object).toBe('chat.completion')
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Mock answer to: "hello"' } })
    const asked = upstream.log[0]
    expect(asked).toMatchObject({ operation: 'messages', model: 'claude-sonnet-4-5-20250929' })
    expect(asked?.headers).toMatchObject({ 'x-api-key': 'sk-ant-secret-key-0001', 'anthropic-version': '2023-06-01' })
    expect(asked?.headers.authorization).toBeUndefined()
    expect(asked?.body).toMatchObject({ max_tokens: 50 })
    expect(JSON.stringify(asked?.body.system)).toContain('Be brief.')
    expect((await lines())[0]).toMatchObject({
      provider: 'anthropic',
      cost_nano_usd: Number(20n * RATES.input + 15n * RATES.output),
    })
  })

  it('streams as OpenAI does, with usage when it is asked for', async () => {
    const { client } = await setUp({ chunks: 5 })
    const stream = await client.chat.completions.create({
      ...hello,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Mock answer to: "hello"')
    expect(new Set(chunks.map(chunk => chunk.object))).toEqual(new Set(['chat.completion.chunk']))
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 20, completion_tokens: 15 } })
  })

  it('streams without usage when it is not asked for, and still charges what was reported', async () => {
    const { client, watch, lines } = await setUp()
    for await (const chunk of await client.chat.completions.create({ ...hello, stream: true })) {
      expect(chunk.usage ?? null).toBeNull()
      expect(chunk.choices).toHaveLength(1)
    }
    await watch.ended()
    expect((await lines())[0]).toMatchObject({
      estimated: false,
      cost_nano_usd: Number(20n * RATES.input + 15n * RATES.output),
    })
  })

  it('calls tools, whole and streamed, and takes their results back', async () => {
    const call = { id: 'toolu_1', name: 'get_weather', arguments: { city: 'Paris' } }
    const { client, upstream } = await setUp({ answer: { toolCalls: [call] } })
    const whole = await client.chat.completions.create({ ...hello, tools: [weather] })
    const message = whole.choices[0]?.message
    expect(whole.choices[0]?.finish_reason).toBe('tool_calls')
    expect(message?.tool_calls?.[0]).toMatchObject({ id: 'toolu_1', function: { name: 'get_weather' } })
    const helper = client.chat.completions.stream({ ...hello, tools: [weather] })
    const streamed = (await helper.finalChatCompletion()).choices[0]?.message.tool_calls?.[0]
    expect(streamed).toMatchObject({ id: 'toolu_1', function: { name: 'get_weather' } })
    expect(JSON.parse(streamed?.type === 'function' ? streamed.function.arguments : '')).toEqual({ city: 'Paris' })
    upstream.script({ answer: 'sunny' })
    const result = { role: 'tool' as const, tool_call_id: 'toolu_1', content: '18 °C' }
    const messages = message ? [...hello.messages, message, result] : []
    const last = await client.chat.completions.create({ model: 'claude', tools: [weather], messages })
    expect(last.choices[0]?.message.content).toBe('sunny')
    const told = JSON.stringify(upstream.log[2]?.messages)
    expect(told).toContain('"type":"tool_result","tool_use_id":"toolu_1"')
    expect(told).toContain('18 °C')
  })

  it('brings thinking as reasoning_content', async () => {
    const { client, upstream } = await setUp({ answer: { reasoning: 'Let me see.', text: 'Four.' } })
    const asked = { ...hello, max_tokens: 4000, reasoning_effort: 'low' as const }
    const answer = await client.chat.completions.create(asked)
    expect(answer.choices[0]?.message).toMatchObject({ reasoning_content: 'Let me see.', content: 'Four.' })
    expect(upstream.log[0]?.body.thinking).toMatchObject({ type: 'enabled' })
    let reasoning = ''
    for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
      const delta = chunk.choices[0]?.delta as object as { reasoning_content?: string } | undefined
      reasoning += delta?.reasoning_content ?? ''
    }
    expect(reasoning).toBe('Let me see.')
  })

  it('charges cached and written tokens at their own prices, whole and streamed', async () => {
    const usage = {
      inputTokens: 1000,
      outputTokens: 10,
      cacheReadTokens: 600,
      cacheWriteTokens: 200,
      cacheWrite1hTokens: 100,
    }
    const { client, watch, lines } = await setUp({ usage })
    await client.chat.completions.create(hello)
    for await (const _ of await client.chat.completions.create({ ...hello, stream: true }));
    await watch.ended(2)
    const { input, output, cacheRead, cacheWrite, cacheWrite1h } = RATES
    const cost = 100n * input + 10n * output + 600n * cacheRead + 200n * cacheWrite + 100n * cacheWrite1h
    const expected = { prompt_tokens: 1000, cached_tokens: 600, cost_nano_usd: Number(cost) }
    expect(await lines()).toMatchObject([expected, expected])
  })
})

describe('Anthropic’s errors behind OpenAI’s client', () => {
  const refusals = [
    ['rate_limit_error', 429, OpenAI.RateLimitError, 429],
    ['overloaded_error', 529, OpenAI.InternalServerError, 503],
    ['authentication_error', 401, OpenAI.InternalServerError, 502],
    ['invalid_request_error', 400, OpenAI.BadRequestError, 400],
  ] as const
  it.each(refusals)('%s', async (type, status, kind, told) => {
    const { client, upstream } = await setUp()
    upstream.always(fault.status(status, { type, message: `about sk-ant-secret-key-0001` }))
    const answer = client.chat.completions.create(hello)
    await expect(answer).rejects.toThrow(kind)
    await expect(answer).rejects.toMatchObject({ status: told })
    await expect(answer).rejects.not.toThrow(/secret-key/)
    expect(upstream.log).toHaveLength(1)
  })

  it.each(['end', 'close', 'reset'] as const)('a stream that is cut by %s throws', async by => {
    const { client, upstream, watch } = await setUp({ chunks: 10, answer: 'x'.repeat(100) })
    upstream.always(fault.cut(by, { afterChunks: 3 }))
    const read = async () => {
      for await (const _ of await client.chat.completions.create({ ...hello, stream: true }));
    }
    await expect(read()).rejects.toThrow(OpenAI.APIError)
    expect((await watch.ended())[0]?.end.failure?.kind).toBe('broken_off')
  })

  it('an error event in mid-stream throws with the provider’s words', async () => {
    const { client, upstream } = await setUp({ chunks: 10, answer: 'x'.repeat(100) })
    upstream.always(fault.streamError({ afterChunks: 2, type: 'overloaded_error', message: 'too many of you' }))
    const read = async () => {
      for await (const _ of await client.chat.completions.create({ ...hello, stream: true }));
    }
    await expect(read()).rejects.toThrow(/too many of you/)
  })
})
