import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fault, type ScriptedAnswer, type Upstream, type UpstreamRequest } from '../../src/testing/index.ts'
import { Stage } from '../support/stage.ts'
import { waysToReach } from './ways.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const ways = waysToReach(stage)

const tools = {
  get_weather: tool({
    description: 'The weather in a city.',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `${city}: 18 °C, sunny`,
  }),
}

function agentModel({ messages }: UpstreamRequest): ScriptedAnswer {
  const last = messages.at(-1)
  if (last?.role === 'tool') return { text: `Told: ${String(last.content)}` }
  return { toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: { city: 'Paris' } }] }
}

describe.each(ways)('the AI SDK %s', (_, reach) => {
  async function setUp(upstream: Upstream) {
    const way = await reach(upstream)
    const provider = createOpenAICompatible({
      name: 'tollgate',
      apiKey: 'anything',
      includeUsage: true,
      supportsStructuredOutputs: true,
      ...way,
    })
    return provider('fast')
  }

  it('generates a text, with its usage', async () => {
    const upstream = await stage.upstream()
    const { text, usage } = await generateText({ model: await setUp(upstream), prompt: 'hello' })
    expect(text).toBe('Mock answer to: "hello"')
    expect(usage).toMatchObject({ inputTokens: 20, outputTokens: 15 })
    expect(upstream.log[0]?.model).toBe('gpt-4o-mini')
  })

  it('streams a text, with its usage', async () => {
    const result = streamText({ model: await setUp(await stage.upstream({ chunks: 6 })), prompt: 'hello' })
    let text = ''
    for await (const piece of result.textStream) text += piece
    expect(text).toBe('Mock answer to: "hello"')
    expect(await result.usage).toMatchObject({ inputTokens: 20, outputTokens: 15 })
    expect(await result.finishReason).toBe('stop')
  })

  it('calls tools, whole and streamed', async () => {
    const upstream = await stage.upstream({ answer: agentModel })
    const model = await setUp(upstream)
    const settings = { model, tools, prompt: 'Weather in Paris?', stopWhen: stepCountIs(3) }
    const whole = await generateText(settings)
    expect(whole.text).toContain('Paris: 18 °C, sunny')
    expect(whole.steps).toHaveLength(2)
    expect(await streamText(settings).text).toContain('Paris: 18 °C, sunny')
    expect(upstream.log).toHaveLength(4)
  })

  it('generates an object by its schema', async () => {
    const upstream = await stage.upstream({ answer: '{"city": "Paris", "degrees": 18}' })
    const schema = z.object({ city: z.string(), degrees: z.number() })
    const { object } = await generateObject({ model: await setUp(upstream), schema, prompt: 'Paris?' })
    expect(object).toEqual({ city: 'Paris', degrees: 18 })
    expect(upstream.log[0]?.body.response_format).toMatchObject({ type: 'json_schema' })
  })

  it('sees a refusal as an API error with its status, and does not multiply the attempts', async () => {
    const upstream = await stage.upstream()
    upstream.always(fault.status(422, { message: 'no such thing' }))
    const answer = generateText({ model: await setUp(upstream), prompt: 'hello', maxRetries: 0 })
    await expect(answer).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining('no such thing') })
    expect(upstream.log).toHaveLength(1)
  })

  it('gets an error part for a stream that is cut', async () => {
    const upstream = await stage.upstream({ chunks: 10, answer: 'x'.repeat(100) })
    upstream.always(fault.cut('close', { afterChunks: 3 }))
    const errors: unknown[] = []
    const result = streamText({ model: await setUp(upstream), prompt: 'hello', maxRetries: 0, onError: () => {} })
    for await (const part of result.fullStream) if (part.type === 'error') errors.push(part.error)
    expect(errors).toHaveLength(1)
  })
})
