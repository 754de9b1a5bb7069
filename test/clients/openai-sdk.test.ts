import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fault, type UpstreamOptions } from '../../src/testing/index.ts'
import { measureLag } from '../support/lag.ts'
import { Stage } from '../support/stage.ts'
import { modelList, PLAIN } from '../support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const hello = { messages: [{ role: 'user' as const, content: 'hello' }] }

/** A gateway with one pool, `fast`, on a scripted upstream, and the client as its users set it up. */
async function setUp(options: UpstreamOptions = {}, more = PLAIN) {
  const upstream = await stage.upstream(options)
  const served = await stage.gateway(modelList({ pool: 'fast', baseUrl: upstream.baseUrl }) + more)
  const client = new OpenAI({ baseURL: served.baseUrl, apiKey: 'anything' })
  return { upstream, client, ...served }
}

describe('the openai SDK: chat', () => {
  it('answers a whole call, with its id, its cost and its line', async () => {
    const { client, upstream, lines } = await setUp()
    const { data, response, request_id } = await client.chat.completions
      .create({ model: 'fast', ...hello })
      .withResponse()
    expect(data.choices[0]?.message.content).toBe('Mock answer to: "hello"')
    expect(data.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 15 })
    expect(upstream.log[0]?.body).toEqual({ model: 'gpt-4o-mini', ...hello })
    expect(response.headers.get('x-tollgate-cost-usd')).toBe('0.000050000')
    const [line] = await lines()
    expect(line).toMatchObject({ call_id: request_id, status: 'ok', pool: 'fast', cost_nano_usd: 50_000 })
    expect(request_id).toBe(response.headers.get('x-request-id'))
  })

  it('streams without the usage that it did not ask for, and still knows the cost', async () => {
    const { client, watch, lines } = await setUp({ chunks: 5 })
    const stream = await client.chat.completions.create({ model: 'fast', stream: true, ...hello })
    let text = ''
    for await (const chunk of stream) {
      expect(chunk.choices).toHaveLength(1)
      expect(chunk.usage ?? null).toBeNull()
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text).toBe('Mock answer to: "hello"')
    await watch.ended()
    expect((await lines())[0]).toMatchObject({ status: 'ok', stream: true, cost_nano_usd: 50_000, estimated: false })
  })

  it('streams with usage, in a last chunk without choices', async () => {
    const { client } = await setUp({ usage: { inputTokens: 7, outputTokens: 3, cacheReadTokens: 4 } })
    const stream = await client.chat.completions.create({
      model: 'fast',
      stream: true,
      stream_options: { include_usage: true },
      ...hello,
    })
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
    })
  })

  it('runs the stream helper to its final completion', async () => {
    const { client } = await setUp()
    const stream = client.chat.completions.stream({ model: 'fast', ...hello })
    await expect(stream.finalContent()).resolves.toBe('Mock answer to: "hello"')
  })
})

const weather = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
} as const

describe('the openai SDK: tools', () => {
  const answer = { toolCalls: [{ id: 'call_a', name: 'get_weather', arguments: { city: 'Paris' } }] }

  it('brings tool calls, and takes their results', async () => {
    const { client, upstream } = await setUp({ answer })
    const first = await client.chat.completions.create({ model: 'fast', tools: [weather], ...hello })
    const call = first.choices[0]?.message.tool_calls?.[0]
    expect(call).toEqual({
      id: 'call_a',
      type: 'function',
      function: { name: 'get_weather', arguments: '{"city":"Paris"}' },
    })
    expect(first.choices[0]?.finish_reason).toBe('tool_calls')
    upstream.script({ answer: 'sunny' })
    const result = { role: 'tool' as const, tool_call_id: 'call_a', content: '18' }
    const second = await client.chat.completions.create({
      model: 'fast',
      tools: [weather],
      messages: [...hello.messages, first.choices[0]?.message ?? hello.messages[0], result].filter(
        one => one !== undefined,
      ),
    })
    expect(second.choices[0]?.message.content).toBe('sunny')
    expect(upstream.log[1]?.messages.at(-1)).toEqual(result)
    expect(upstream.log[1]?.body.tools).toEqual([weather])
  })

  it('streams the pieces of several tool calls', async () => {
    const both = {
      toolCalls: [...answer.toolCalls, { id: 'call_b', name: 'get_weather', arguments: { city: 'Rome' } }],
    }
    const { client } = await setUp({ answer: both })
    const stream = client.chat.completions.stream({ model: 'fast', tools: [weather], ...hello })
    const deltas: string[] = []
    for await (const chunk of stream)
      for (const call of chunk.choices[0]?.delta.tool_calls ?? [])
        deltas.push(`${call.index}:${call.function?.arguments}`)
    expect(deltas.length).toBeGreaterThan(4)
    const message = (await stream.finalChatCompletion()).choices[0]?.message
    expect(message?.tool_calls?.map(call => call.id)).toEqual(['call_a', 'call_b'])
    expect(message?.tool_calls?.[1]).toMatchObject({ function: { arguments: '{"city":"Rome"}' } })
  })
})

describe('the openai SDK: structured output', () => {
  const Step = z.object({ city: z.string(), degrees: z.number() })

  it('parses what the schema describes, and the upstream has seen the schema', async () => {
    const { client, upstream } = await setUp({ answer: '{"city": "Paris", "degrees": 18}' })
    const parsed = await client.chat.completions.parse({
      model: 'fast',
      response_format: zodResponseFormat(Step, 'weather'),
      ...hello,
    })
    expect(parsed.choices[0]?.message.parsed).toEqual({ city: 'Paris', degrees: 18 })
    expect(upstream.log[0]?.body.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'weather', strict: true },
    })
  })
})

describe('the openai SDK: other operations', () => {
  it('completes in the older way, whole and streamed', async () => {
    const { client, upstream } = await setUp({ answer: 'and they lived' })
    const whole = await client.completions.create({ model: 'fast', prompt: 'Once' })
    expect(whole.choices[0]?.text).toBe('and they lived')
    let text = ''
    for await (const chunk of await client.completions.create({ model: 'fast', prompt: 'Once', stream: true }))
      text += chunk.choices[0]?.text ?? ''
    expect(text).toBe('and they lived')
    expect(upstream.log.map(record => record.operation)).toEqual(['completion', 'completion'])
  })

  it('embeds, in base64 as the SDK asks by default, and in plain numbers', async () => {
    const { client, upstream } = await setUp({ dimensions: 4, usage: { inputTokens: 9, outputTokens: 0 } })
    const packed = await client.embeddings.create({ model: 'fast', input: ['one', 'two'] })
    const plain = await client.embeddings.create({ model: 'fast', input: ['one', 'two'], encoding_format: 'float' })
    expect(upstream.log[0]?.body.encoding_format).toBe('base64')
    expect(packed.data.map(one => [...one.embedding])).toEqual(plain.data.map(one => one.embedding))
    expect(packed.usage.prompt_tokens).toBe(9)
  })

  it('lists the pools, and knows each by its name', async () => {
    const { client } = await setUp()
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    expect(ids).toEqual(['fast'])
    await expect(client.models.retrieve('fast')).resolves.toMatchObject({ id: 'fast', object: 'model' })
    await expect(client.models.retrieve('fats')).rejects.toThrow(/did you mean fast/)
  })
})

describe('the openai SDK: leaving', () => {
  it('closes the upstream within a second, records the call as aborted, and charges the estimate', async () => {
    const { client, upstream, watch, lines } = await setUp({ chunks: 200, chunkDelayMs: 50, answer: 'x'.repeat(200) })
    const lag = measureLag()
    const stream = await client.chat.completions.create({ model: 'fast', stream: true, ...hello })
    let left = 0
    for await (const chunk of stream) {
      if (!chunk.choices[0]?.delta.content) continue
      left = Date.now()
      stream.controller.abort()
    }
    const [closed] = await upstream.closedByClient()
    expect((closed?.closedMs ?? Number.POSITIVE_INFINITY) - left).toBeLessThan(1000 + lag())
    await watch.ended()
    const [line] = await lines()
    expect(line).toMatchObject({ status: 'aborted', error: 'cancelled', estimated: true })
    expect(Number(line?.cost_nano_usd)).toBeGreaterThan(0)
    expect(line?.attempts).toHaveLength(1)
  })

  it('closes the upstream when a whole call is aborted', async () => {
    const { client, upstream, watch } = await setUp()
    upstream.always(fault.hang())
    const controller = new AbortController()
    const answer = client.chat.completions.create({ model: 'fast', ...hello }, { signal: controller.signal })
    const refused = expect(answer).rejects.toThrow(OpenAI.APIUserAbortError)
    await upstream.arrived()
    controller.abort()
    await refused
    await upstream.closedByClient()
    expect((await watch.ended())[0]?.end.outcome).toBe('abandoned')
  })
})

describe('the openai SDK: errors', () => {
  const refusals: readonly (readonly [
    string,
    OpenAI.ChatCompletionCreateParamsNonStreaming,
    new (...args: never[]) => Error,
    object,
  ])[] = [
    [
      'an unknown model',
      { model: 'fats', ...hello },
      OpenAI.NotFoundError,
      { status: 404, code: 'model_not_found', param: 'model' },
    ],
    ['no messages', { model: 'fast', messages: [] }, OpenAI.BadRequestError, { status: 400, param: 'messages' }],
    [
      'an impossible limit',
      { model: 'fast', max_tokens: -1, ...hello },
      OpenAI.BadRequestError,
      { status: 400, param: 'max_tokens' },
    ],
  ]
  it.each(refusals)('%s: the class that the SDK has for it, at once', async (_, request, kind, about) => {
    const { client, upstream } = await setUp()
    const error = await failure(client.chat.completions.create(request))
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject(about)
    expect(upstream.log).toHaveLength(0)
  })

  it('a wrong key', async () => {
    const { baseUrl } = await setUp({}, `${PLAIN}general_settings: {master_key: sk-right}\n`)
    const client = new OpenAI({ baseURL: baseUrl, apiKey: 'sk-wrong-0123456789' })
    const error = await failure(client.models.list())
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(String(error)).not.toContain('sk-wrong')
  })

  const faults: readonly (readonly [string, Parameters<typeof fault.status>, number])[] = [
    ['a rate limit', [429, { retryAfter: '1' }], 429],
    ['an overload', [503], 503],
    ['a server error', [500], 502],
    ['refused credentials', [401], 502],
    ['a request that the provider refuses', [422], 400],
  ]
  it.each(faults)('%s upstream: the SDK does not multiply the attempts', async (_, told, status) => {
    const { client, upstream } = await setUp()
    upstream.always(fault.status(...told))
    const error = await failure(client.chat.completions.create({ model: 'fast', ...hello }))
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject({ status })
    expect(upstream.log).toHaveLength(1)
    const headers = error instanceof OpenAI.APIError ? error.headers : undefined
    expect(headers?.get('x-should-retry')).toBe('false')
    expect(headers?.get('x-request-id')).toBeTruthy()
  })

  it('a rate limit has the class for it, and says how long to wait', async () => {
    const { client, upstream } = await setUp()
    upstream.always(fault.status(429, { retryAfter: '7' }))
    const error = await failure(client.chat.completions.create({ model: 'fast', ...hello }))
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(error instanceof OpenAI.APIError && error.headers?.get('retry-after')).toBe('7')
  })

  it.each(['end', 'close', 'reset'] as const)(
    'a stream that is cut by %s throws, and is never taken for whole',
    async by => {
      const { client, upstream, watch, lines } = await setUp({ chunks: 10, answer: 'x'.repeat(100) })
      upstream.always(fault.cut(by, { afterChunks: 3 }))
      const stream = await client.chat.completions.create({ model: 'fast', stream: true, ...hello })
      const seen: string[] = []
      const read = async () => {
        for await (const chunk of stream) seen.push(chunk.choices[0]?.delta.content ?? '')
      }
      await expect(read()).rejects.toThrow(OpenAI.APIError)
      expect(seen.join('')).toBe('x'.repeat(30))
      await watch.ended()
      expect((await lines())[0]).toMatchObject({ status: 'error', error: 'broken_off', estimated: true })
      expect(upstream.log).toHaveLength(1)
    },
  )

  it('an error event in mid-stream throws with the upstream’s words', async () => {
    const { client, upstream } = await setUp({ chunks: 10, answer: 'x'.repeat(100) })
    upstream.always(fault.streamError({ afterChunks: 2, message: 'the model caught fire' }))
    const stream = await client.chat.completions.create({ model: 'fast', stream: true, ...hello })
    const read = async () => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toThrow(/caught fire/)
  })
})

async function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was expected to fail')
}
