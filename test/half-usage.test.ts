import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { chat, post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const TEXT = 'word '.repeat(80)
const NONE = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }

/** Answers everything in the shape that is asked for, with this usage. */
async function upstreamThatSays(usage: object): Promise<string> {
  const choice = { index: 0, message: { role: 'assistant', content: TEXT }, finish_reason: 'stop' }
  const openai = { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [choice], usage }
  const content = [{ type: 'text', text: TEXT }]
  const anthropic = { id: 'x', type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'end_turn', usage }
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(request.url?.endsWith('/messages') ? anthropic : openai))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  stage.later(async () => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a usage that says half of what was used, or nothing', () => {
  it.each<[string, string, object]>([
    ['of OpenAI', 'openai/gpt-4o-mini', { prompt_tokens: 10 }],
    ['of OpenAI', 'openai/gpt-4o-mini', { prompt_tokens: 10, completion_tokens: null, total_tokens: 10 }],
    ['of OpenAI', 'openai/gpt-4o-mini', NONE],
    ['of Anthropic', 'anthropic/claude-haiku-4-5', {}],
    ['of Anthropic', 'anthropic/claude-haiku-4-5', { input_tokens: 10 }],
  ])('%s does not make an answer free', async (_, model, usage) => {
    const baseUrl = await upstreamThatSays(usage)
    const { baseUrl: gateway, lines } = await stage.gateway(modelList({ pool: 'm', model, baseUrl }) + PLAIN)
    const answer = await post(`${gateway}/chat/completions`, chat('m', 'hello', { max_tokens: 500 }))
    expect(answer.status).toBe(200)
    const [line] = await lines()
    expect(line).toMatchObject({ status: 'ok', completion_tokens: 100, estimated: true })
    // 100 tokens of answer cost 200,000, and the prompt is not free either.
    expect(line?.cost_nano_usd).toBeGreaterThan(200_000)
  })
})
