import { afterAll, beforeAll, expect, it } from 'vitest'
import type { JsonObject } from '../src/core/json.ts'
import { CLOSED } from '../src/prices/client-bodies.fixture.ts'
import type { Upstream } from '../src/testing/index.ts'
import { ensureBuilt } from './support/child.ts'
import { type ServedProcess, serveProcess } from './support/serve.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
let upstream: Upstream
let served: ServedProcess
let key: string
beforeAll(async () => {
  await ensureBuilt()
  upstream = await stage.upstream()
  // The model's whole input costs $1, an answer of 4,096 tokens less than a cent.
  const info = { max_input_tokens: 1_000_000 }
  served = await serveProcess(stage, modelList({ pool: 'small', baseUrl: upstream.baseUrl, info }))
  key = await served.key({ max_budget: 0.05 })
}, 60_000)
afterAll(() => stage.clear())

it.each(Object.entries(CLOSED))('is served to a key with little money: %s', async (_, body) => {
  const answer = await served.chat('small', key, body)
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('chat.completion')])
  const { messages, tools } = body
  expect(upstream.log.at(-1)?.body).toMatchObject({ messages, ...(tools && { tools }) })
})

it('is refused where a picture may cost more than there is', async () => {
  const content = [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }]
  expect((await served.chat('small', key, { messages: [{ role: 'user', content }] })).status).toBe(429)
})

it.each<[string, JsonObject]>([
  ['by a plugin', { plugins: [{ id: 'web' }] }],
  ['by a tool of the host', { tools: [{ type: 'openrouter:web_search' }] }],
  ["in Qwen's words", { enable_search: true }],
  ["in xAI's words", { search_parameters: { mode: 'on' } }],
])('is refused where nobody knows what a search costs: %s', async (_, body) => {
  const rich = await served.key({ max_budget: 100 })
  const before = upstream.log.length
  const answer = await served.chat('small', rich, body)
  expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('a web search by gpt-4o-mini costs')])
  expect(upstream.log.length).toBe(before)
})
