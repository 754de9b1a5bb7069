import {
  type AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fault, type ScriptedAnswer, type Upstream, type UpstreamRequest } from '../../src/testing/index.ts'
import { Stage } from '../support/stage.ts'
import { waysToReach } from './ways.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const ways = waysToReach(stage)

const WEATHER: Readonly<Record<string, string>> = { Paris: '18 °C, sunny', Tokyo: '25 °C, humid' }

const getWeather = tool(async ({ city }: { city: string }) => WEATHER[city] ?? 'unknown', {
  name: 'get_weather',
  description: 'The weather in a city.',
  schema: z.object({ city: z.string() }),
})

const multiply = tool(async ({ a, b }: { a: number; b: number }) => String(a * b), {
  name: 'multiply',
  description: 'The product of two numbers.',
  schema: z.object({ a: z.number(), b: z.number() }),
})

const tools = { get_weather: getWeather, multiply } as const

/** A model that asks for both tools, and then says what they told it. */
function agentModel({ messages }: UpstreamRequest): ScriptedAnswer {
  const told = messages.filter(message => message.role === 'tool').map(message => String(message.content))
  if (told.length > 0) return { text: `It is ${told.join(' and ')}.` }
  return {
    toolCalls: [
      { id: 'call_1', name: 'get_weather', arguments: { city: 'Paris' } },
      { id: 'call_2', name: 'multiply', arguments: { a: 17, b: 43 } },
    ],
  }
}

/** The plain loop: ask, do what the model wants done, ask again. */
async function runAgent(model: ReturnType<ChatOpenAI['bindTools']>, question: string): Promise<BaseMessage[]> {
  const messages: BaseMessage[] = [new HumanMessage(question)]
  for (let turn = 0; turn < 4; turn++) {
    const answer = (await model.invoke(messages)) as AIMessage
    messages.push(answer)
    if (!answer.tool_calls?.length) return messages
    for (const call of answer.tool_calls) messages.push(await runTool(call))
  }
  throw new Error('the agent did not come to an end')
}

async function runTool(call: NonNullable<AIMessage['tool_calls']>[number]): Promise<ToolMessage> {
  const chosen = call.name === 'multiply' ? tools.multiply : tools.get_weather
  const output = await chosen.func(call.args as { city: string } & { a: number; b: number })
  return new ToolMessage({ tool_call_id: call.id ?? '', content: String(output) })
}

describe.each(ways)('LangChain %s', (_, configure) => {
  async function setUp(upstream: Upstream) {
    const configuration = await configure(upstream)
    return new ChatOpenAI({ model: 'fast', apiKey: 'anything', maxRetries: 0, configuration: { ...configuration } })
  }

  it('runs an agent with tools to its answer', async () => {
    const upstream = await stage.upstream({ answer: agentModel })
    const model = (await setUp(upstream)).bindTools(Object.values(tools))
    const messages = await runAgent(model, 'Weather in Paris, and 17 * 43?')
    expect(messages.at(-1)?.content).toBe('It is 18 °C, sunny and 731.')
    expect(upstream.log).toHaveLength(2)
    expect(upstream.log[1]?.messages.map(message => message.role)).toEqual(['user', 'assistant', 'tool', 'tool'])
    expect(upstream.log[1]?.model).toBe('gpt-4o-mini')
  })

  it('streams, with the usage at the end', async () => {
    const upstream = await stage.upstream({ usage: { inputTokens: 11, outputTokens: 6 } })
    const model = await setUp(upstream)
    let text = ''
    const usages: unknown[] = []
    for await (const chunk of await model.stream('hello')) {
      text += String(chunk.content)
      if (chunk.usage_metadata) usages.push(chunk.usage_metadata)
    }
    expect(text).toBe('Mock answer to: "hello"')
    expect(usages).toEqual([expect.objectContaining({ input_tokens: 11, output_tokens: 6, total_tokens: 17 })])
    expect(upstream.log[0]?.body.stream_options).toEqual({ include_usage: true })
  })

  it('streams tool calls', async () => {
    const model = (await setUp(await stage.upstream({ answer: agentModel }))).bindTools(Object.values(tools))
    const stream = await model.stream('Weather in Paris, and 17 * 43?')
    let whole: AIMessageChunk | undefined
    for await (const chunk of stream) whole = whole?.concat(chunk) ?? chunk
    expect(whole?.tool_calls?.map(call => [call.name, call.args])).toEqual([
      ['get_weather', { city: 'Paris' }],
      ['multiply', { a: 17, b: 43 }],
    ])
  })

  it('gives structured output', async () => {
    const upstream = await stage.upstream({ answer: '{"city": "Paris", "degrees": 18}' })
    const model = await setUp(upstream)
    const Weather = z.object({ city: z.string(), degrees: z.number() })
    const answer = await model.withStructuredOutput(Weather, { name: 'weather', method: 'jsonSchema' }).invoke('Paris?')
    expect(answer).toEqual({ city: 'Paris', degrees: 18 })
    expect(upstream.log[0]?.body.response_format).toMatchObject({ type: 'json_schema' })
  })

  it('gets an error for a stream that is cut, and not half an answer', async () => {
    const upstream = await stage.upstream({ chunks: 10, answer: 'x'.repeat(100) })
    upstream.always(fault.cut('close', { afterChunks: 3 }))
    const model = await setUp(upstream)
    const read = async () => {
      for await (const _ of await model.stream('hello'));
    }
    await expect(read()).rejects.toThrow()
    expect(upstream.log).toHaveLength(1)
  })
})
