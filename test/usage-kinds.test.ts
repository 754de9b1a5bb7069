import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../src/core/json.ts'
import { ensureBuilt } from './support/child.ts'
import { type ServedProcess, serveProcess } from './support/serve.ts'
import { parseLines, Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
const folder = stage.folder()
const [store, calls] = [join(folder, 'tollgate.db'), join(folder, 'calls.jsonl')]
let served: ServedProcess
/** What the upstream says, and the last that it was asked. */
let answer: JsonObject = {}
let asked: JsonObject = {}
let askedBytes = 0

async function upstream(): Promise<string> {
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const piece of request) text += piece
    asked = JSON.parse(text)
    askedBytes = Buffer.byteLength(text)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  stage.later(async () => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** US dollars per token. */
const params = {
  input_cost_per_token_flex: '0.0000005',
  output_cost_per_token_flex: '0.000001',
  input_cost_per_audio_token: '0.00001',
  output_cost_per_audio_token: '0.00002',
  cache_creation_input_token_cost: '0.00000125',
  cache_creation_input_token_cost_above_1hr: '0.000002',
  search_context_cost_per_query: { search_context_size_medium: '0.01' },
}

beforeAll(async () => {
  await ensureBuilt()
  const baseUrl = await upstream()
  const pools = [
    { pool: 'openai', model: 'openai/gpt-5.6-sol', baseUrl, params },
    { pool: 'older', model: 'openai/gpt-4o-mini', baseUrl },
    { pool: 'claude', model: 'anthropic/claude-sonnet-4-6', baseUrl, params },
  ]
  const settings = `tollgate_settings: {store: ${store}, telemetry: {jsonl: ${calls}, traces: {exporter: none}}}\n`
  served = await serveProcess(stage, modelList(...pools) + settings)
}, 60_000)
afterAll(() => stage.clear())

const openai = (usage: JsonObject, more: JsonObject = {}): JsonObject => {
  const choice = { index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }
  return { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [choice], usage, ...more }
}
const anthropic = (usage: JsonObject): JsonObject => {
  const content = [{ type: 'text', text: 'ok' }]
  return { id: 'x', type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'end_turn', usage }
}

type Row = Readonly<Record<'usage_details' | 'cost' | 'charge' | 'held' | 'overrun', string | null>>

/** The ledger's row of a call, read past tollgate. */
function rowOf(id: string): Promise<Row> {
  const columns = ['cost', 'charge', 'held', 'overrun'].map(name => `cast(${name} as text) as ${name}`)
  return vi.waitFor(
    () => {
      const file = new Database(store, { timeout: 10_000, readonly: true } as Database.Options)
      try {
        const rows = file.prepare(`select usage_details, ${columns} from ledger where call_id = ?`).all(id)
        expect(rows).toHaveLength(1)
        return rows[0] as Row
      } finally {
        file.close()
      }
    },
    { timeout: 10_000 },
  )
}

async function called(pool: string, key: string, more: JsonObject): Promise<string> {
  const { status, headers, text } = await served.chat(pool, key, more)
  expect([status, text]).toEqual([200, expect.stringContaining('chat.completion')])
  return String(headers.get('x-tollgate-call-id') ?? headers.get('x-litellm-call-id'))
}

describe('what has a price of its own', () => {
  const tokens = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
  const audio = { prompt_tokens_details: { audio_tokens: 40 }, completion_tokens_details: { audio_tokens: 20 } }
  const cache = { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 30 }
  it.each<[string, string, JsonObject, object, bigint]>([
    // 100 tokens in at $0.0000005, 50 out at $0.000001.
    ['a tier', 'openai', openai(tokens, { service_tier: 'flex' }), { service_tier: 'flex' }, 100_000n],
    [
      'sound',
      'openai',
      openai({ ...tokens, ...audio }),
      { input_audio_tokens: 40, output_audio_tokens: 20 },
      // 60 tokens in at $0.000001 and 40 at $0.00001, 30 out at $0.000002 and 20 at $0.00002.
      60_000n + 400_000n + 60_000n + 400_000n,
    ],
    [
      'searches',
      'openai',
      openai({ ...tokens, server_tool_use: { web_search_requests: 2 } }),
      { web_searches: 2 },
      200_000n + 20_000_000n,
    ],
    [
      'what is kept for an hour, and searches',
      'claude',
      anthropic({
        ...{ input_tokens: 60, output_tokens: 50, cache_creation_input_tokens: 40, cache_creation: cache },
        server_tool_use: { web_search_requests: 1 },
      }),
      { cache_write_1h_tokens: 30, web_searches: 1 },
      60_000n + 12_500n + 60_000n + 100_000n + 10_000_000n,
    ],
  ])('stands in the ledger, the JSON line and /spend/logs: %s', async (_, pool, says, details, cost) => {
    answer = says
    const id = await called(pool, served.master, {})
    const row = await rowOf(id)
    expect(JSON.parse(String(row.usage_details))).toEqual(details)
    expect([row.cost, row.charge]).toEqual([String(cost), String(cost)])
    const line = await vi.waitFor(
      () => {
        const found = parseLines(readFileSync(calls, 'utf8')).find(one => one.call_id === id)
        expect(found).toBeDefined()
        return found
      },
      { timeout: 10_000 },
    )
    expect(line).toMatchObject({ usage_details: details, cost_nano_usd: Number(cost) })
    const headers = { authorization: `Bearer ${served.master}` }
    const [log] = (await (await fetch(`${served.url}/spend/logs?request_id=${id}`, { headers })).json()) as JsonObject[]
    expect(log).toMatchObject({ spend: Number(cost) / 1e9, metadata: { attempts: [{ usage_details: details }] } })
  })

  it('is nowhere where there is nothing of it', async () => {
    answer = openai(tokens, { service_tier: 'default' })
    expect((await rowOf(await called('openai', served.master, {}))).usage_details).toBeNull()
  })
})

describe('what a host may bill within its rules is held before', () => {
  const most = { max_tokens: 10, service_tier: 'default' }
  const content = 'word '.repeat(400)
  it.each<[string, string, JsonObject, (bytes: number) => JsonObject]>([
    [
      'a cache that is written without being asked',
      'openai',
      { messages: [{ role: 'user', content }] },
      bytes =>
        openai({ prompt_tokens: bytes, completion_tokens: 10, prompt_tokens_details: { cache_write_tokens: bytes } }),
    ],
    [
      'a prediction that did not come to pass',
      'older',
      { prediction: { type: 'content', content } },
      bytes => openai({ prompt_tokens: bytes, completion_tokens: 10 + content.length }),
    ],
    [
      'a conversation that is summed up first',
      'claude',
      { messages: [{ role: 'user', content }], context_management: { edits: [{ type: 'compact_20260112' }] } },
      bytes => {
        const each = { input_tokens: bytes, output_tokens: 10 }
        return anthropic({
          ...each,
          iterations: [
            { type: 'compaction', ...each },
            { type: 'message', ...each },
          ],
        })
      },
    ],
    [
      'a prompt that is kept for an hour',
      'claude',
      {
        messages: [
          { role: 'user', content: [{ type: 'text', text: content, cache_control: { type: 'ephemeral', ttl: '1h' } }] },
        ],
      },
      bytes =>
        anthropic({
          ...{ input_tokens: 0, output_tokens: 10, cache_creation_input_tokens: bytes },
          cache_creation: { ephemeral_1h_input_tokens: bytes },
        }),
    ],
  ])('%s', async (_, pool, more, says) => {
    const key = await served.key({ max_budget: 1 })
    // As many tokens as the body that the host gets has bytes.
    answer = says(0)
    await called(pool, key, { ...most, ...more })
    answer = says(askedBytes)
    const row = await rowOf(await called(pool, key, { ...most, ...more }))
    expect(row.overrun).toBe('0')
    expect(BigInt(String(row.charge))).toBeLessThanOrEqual(BigInt(String(row.held)))
  })

  it('a prediction goes with the limit that its models take', async () => {
    answer = openai({ prompt_tokens: 10, completion_tokens: 10 })
    await called('older', await served.key({ max_budget: 1 }), { prediction: { type: 'content', content } })
    expect(asked).not.toHaveProperty('max_completion_tokens')
    expect(asked.max_tokens).toEqual(expect.any(Number))
  })

  it('thoughts that the client allows fit into the limit that it does not say', async () => {
    answer = anthropic({ input_tokens: 10, output_tokens: 10 })
    const thinking = { type: 'enabled', budget_tokens: 10_000 }
    await called('claude', await served.key({ max_budget: 1 }), { thinking })
    expect(asked).toMatchObject({ thinking, max_tokens: 14_096 })
  })
})
