import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { chat, JSON_HEADERS, open, post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

describe('longer_context_model_fallback_dict', () => {
  it('takes prompts that are too long to the pool with the longer context', async () => {
    const [short, long] = [await stage.upstream(), await stage.upstream()]
    short.always(fault.status(400, { code: 'context_length_exceeded', message: 'maximum context length is 10 tokens' }))
    const yaml = `${modelList({ pool: 'short', baseUrl: short.baseUrl }, { pool: 'long', baseUrl: long.baseUrl })}${PLAIN}
litellm_settings: {longer_context_model_fallback_dict: {short: long}}
`
    const gateway = await stage.gateway(yaml)
    expect((await post(`${gateway.baseUrl}/chat/completions`, chat('short', 'hello'))).status).toBe(200)
    expect([short.log.length, long.log.length]).toEqual([1, 1])
  })
})

describe('client_ttl', () => {
  /** An upstream that counts its connections. */
  async function counting() {
    let connections = 0
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ id: '1', model: 'm', choices: [{ index: 0, message: { content: 'hi' } }] }))
      })
    })
    server.on('connection', () => connections++)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    stage.later(
      () =>
        new Promise<void>(resolve => {
          server.closeAllConnections()
          server.close(() => resolve())
        }),
    )
    const { port } = server.address() as AddressInfo
    return { baseUrl: `http://127.0.0.1:${port}/v1`, connections: () => connections }
  }

  it.each([
    ['3600', 1],
    ['0.001', 3],
  ])('with %s s, three calls take %d connections', async (seconds, expected) => {
    const upstream = await counting()
    const yaml = `${modelList({ pool: 'fast', baseUrl: upstream.baseUrl })}router_settings: {client_ttl: ${seconds}}\n`
    const gateway = await stage.gateway(yaml)
    for (let call = 0; call < 3; call++) {
      expect((await post(`${gateway.baseUrl}/chat/completions`, chat('fast', 'hello'))).status).toBe(200)
      // The connection's age is told by the wall clock, which no test can replace.
      for (const since = Date.now(); Date.now() - since < 3; );
    }
    expect(upstream.connections()).toBe(expected)
  })
})

describe('litellm_settings.api_base and project', () => {
  it('serve deployments that have none of their own', async () => {
    const upstream = await stage.upstream()
    const gateway = await stage.gateway(`model_list:
  - {model_name: fast, litellm_params: {model: openai/gpt-4o-mini, api_key: sk-upstream}}
litellm_settings: {api_base: "${upstream.baseUrl}", project: proj_1}
`)
    expect((await post(`${gateway.baseUrl}/chat/completions`, chat('fast', 'hello'))).status).toBe(200)
    expect(upstream.log[0]?.headers['openai-project']).toBe('proj_1')
  })
})

describe('always_include_stream_usage', () => {
  async function streamed(setting: boolean, more: object) {
    const upstream = await stage.upstream()
    const gateway = await stage.gateway(
      `${modelList({ pool: 'fast', baseUrl: upstream.baseUrl })}general_settings: {always_include_stream_usage: ${setting}}\n`,
    )
    const answer = await post(`${gateway.baseUrl}/chat/completions`, chat('fast', 'hello', { stream: true, ...more }))
    return answer.text
  }

  it('ends streams with their usage unless the client wants none', async () => {
    expect(await streamed(true, {})).toContain('"prompt_tokens":20')
    expect(await streamed(true, { stream_options: { include_usage: false } })).not.toContain('prompt_tokens')
    expect(await streamed(false, {})).not.toContain('prompt_tokens')
  })
})

describe('keepalive_seconds of a deployment', () => {
  /** What a stream that fell silent has brought when its first comment has come. */
  async function untilPing(params: object, header?: string) {
    const upstream = await stage.upstream()
    upstream.always(fault.stall({ afterChunks: 1 }))
    const gateway = await stage.gateway(modelList({ pool: 'fast', baseUrl: upstream.baseUrl, params }))
    const response = await open(`${gateway.baseUrl}/chat/completions`, {
      headers: { ...JSON_HEADERS, ...(header && { 'x-litellm-keepalive-seconds': header }) },
      body: JSON.stringify(chat('fast', 'hello', { stream: true })),
    })
    let text = ''
    for await (const chunk of response) {
      text += String(chunk)
      if (text.includes(': ping')) break
    }
    return text
  }

  it('sends comments into the silence of a stream', async () => {
    expect(await untilPing({ keepalive_seconds: 1 })).toMatch(/^data: .*\n\n[\s\S]*: ping\n\n/)
  })

  it('gives way to the client where it may', async () => {
    const params = { keepalive_seconds: 300, allow_client_keepalive_override: true }
    expect(await untilPing(params, '0.5')).toContain(': ping\n\n')
  })
})
