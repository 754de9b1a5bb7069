import { afterEach, describe, expect, it } from 'vitest'
import { errorOf, raw } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

/** Some 100,000 tokens, with all that JSON escapes. */
const LONG = 'Say "hello" to the quick brown fox,\nthen to C:\\dogs — and ☃. '.repeat(6_500)

async function setUp() {
  const upstream = await stage.upstream()
  const entries = [
    { pool: 'plain', baseUrl: upstream.baseUrl, model: 'openai/gpt-4o-mini', key: 'sk-upstream-0001' },
    { pool: 'claude', baseUrl: upstream.url, model: 'anthropic/claude-haiku-4-5', key: 'sk-upstream-0002' },
  ]
  const served = await stage.gateway(modelList(...entries) + PLAIN)
  const say = (body: string) =>
    raw(`${served.url}/v1/chat/completions`, { headers: { 'content-type': 'application/json' }, body })
  return { upstream, say, ...served }
}

const asking = (model: string, content: unknown) => JSON.stringify({ model, messages: [{ role: 'user', content }] })

describe('a prompt of 100,000 tokens', () => {
  it('goes to an upstream of the same API byte by byte, but for the name of the model', async () => {
    const { upstream, say, lines } = await setUp()
    expect((await say(asking('plain', LONG))).status).toBe(200)
    expect(upstream.log[0]?.bytes.toString()).toBe(asking('gpt-4o-mini', LONG))
    expect((await lines())[0]).toMatchObject({ status: 'ok', prompt_tokens: 20 })
  })

  it.each([
    ['one text', LONG],
    [
      'parts',
      [
        { type: 'text', text: 'Short.' },
        { type: 'text', text: LONG },
      ],
    ],
  ])('is told to another API in its own words: %s', async (_, content) => {
    const { upstream, say } = await setUp()
    expect((await say(asking('claude', content))).status).toBe(200)
    expect(JSON.stringify(upstream.log[0]?.body.messages)).toContain(JSON.stringify(LONG))
  })

  it('that is no valid JSON is refused where somebody has to read it, else by the upstream', async () => {
    const { upstream, say } = await setUp()
    const broken = (model: string) => asking(model, LONG).replace('fox,\\n', 'fox,\n')
    const read = await say(broken('claude'))
    expect([read.status, errorOf(read).code]).toEqual([400, 'invalid_json'])
    expect(upstream.log).toHaveLength(0)
    const passed = await say(broken('plain'))
    expect(passed.status).toBe(400)
    expect(upstream.log[0]?.bytes.toString()).toBe(broken('gpt-4o-mini'))
    expect((await say(`${asking('plain', LONG).slice(0, -1)},}`)).status).toBe(400)
    expect(upstream.log).toHaveLength(1)
  })
})
