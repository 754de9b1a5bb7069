import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { Stage } from '../support/stage.ts'
import { modelList, PLAIN } from '../support/yaml.ts'

const run = promisify(execFile)
const stage = new Stage()
afterEach(() => stage.clear())

const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)
if (!hasCurl) {
  const message = 'curl is not installed: the examples of the README go untested'
  if (process.env.CI) throw new Error(message)
  console.warn(`SKIPPED: ${message}`)
}

const BODY = '{"model": "fast", "messages": [{"role": "user", "content": "hello"}]}'
const STREAM = BODY.replace('}]}', '}], "stream": true}')

/** Runs curl with no configuration of the machine's, and gives what it printed. */
async function curl(...args: string[]): Promise<string> {
  const { stdout } = await run('curl', ['--disable', '--silent', '--show-error', '--noproxy', '*', ...args])
  return stdout
}

const json = ['-H', 'content-type: application/json']

async function setUp(more = PLAIN) {
  const upstream = await stage.upstream({ chunks: 4 })
  const served = await stage.gateway(modelList({ pool: 'fast', baseUrl: upstream.baseUrl }) + more)
  return { upstream, ...served, chat: `${served.baseUrl}/chat/completions` }
}

describe.skipIf(!hasCurl)('curl', () => {
  it('gets an answer', async () => {
    const { chat, upstream } = await setUp()
    const answer = JSON.parse(await curl(chat, ...json, '-d', BODY))
    expect(answer.choices[0].message.content).toBe('Mock answer to: "hello"')
    expect(upstream.log).toHaveLength(1)
  })

  it('gets a stream, event by event, to its end', async () => {
    const { chat } = await setUp()
    const text = await curl('-N', '-i', chat, ...json, '-d', STREAM)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(text).toMatch(/content-type: text\/event-stream/i)
    const events = text.split('\n').filter(line => line.startsWith('data: '))
    expect(events.at(-1)).toBe('data: [DONE]')
    expect(events.length).toBeGreaterThan(4)
  })

  it('sends a body that is larger than a packet, with Expect: 100-continue', async () => {
    const { chat, upstream } = await setUp()
    const long = 'long '.repeat(20_000)
    const body = JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: long }] })
    const answer = JSON.parse(await curl(chat, ...json, '-H', 'expect: 100-continue', '-d', body))
    expect(answer.choices).toHaveLength(1)
    expect(upstream.log[0]?.prompt).toBe(long)
  })

  it.each([
    ['a body that is not JSON', [...json, '-d', 'nope'], 400, 'invalid_request_error'],
    ['an unknown model', [...json, '-d', BODY.replace('fast', 'fats')], 404, 'invalid_request_error'],
    ['a form', ['-d', 'model=fast'], 415, 'invalid_request_error'],
    ['no body', ['-X', 'POST'], 400, 'invalid_request_error'],
  ])('%s: OpenAI’s error shape', async (_, args, status, type) => {
    const { chat, upstream } = await setUp()
    const [body, code] = (await curl('-w', '\n%{http_code}', chat, ...args)).split('\n')
    expect(Number(code)).toBe(status)
    expect(JSON.parse(body ?? '').error).toMatchObject({ type, message: expect.any(String) })
    expect(upstream.log).toHaveLength(0)
  })

  it('needs the key where there is one, and may send it in either header', async () => {
    const { chat } = await setUp(`${PLAIN}general_settings: {master_key: sk-right}\n`)
    const status = (...args: string[]) =>
      curl('-o', '/dev/null', '-w', '%{http_code}', chat, ...json, '-d', BODY, ...args)
    expect(await status()).toBe('401')
    expect(await status('-H', 'authorization: Bearer sk-wrong')).toBe('401')
    expect(await status('-H', 'authorization: Bearer sk-right')).toBe('200')
    expect(await status('-H', 'x-api-key: sk-right')).toBe('200')
  })
})
