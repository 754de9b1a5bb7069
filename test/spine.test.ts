import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { Event } from '../src/core/event.ts'
import type { RoutingSettings } from '../src/core/settings.ts'
import { createGateway } from '../src/gateway/server.ts'
import { createRouter } from '../src/router.ts'
import { fault, startUpstream, type Upstream, type UpstreamOptions } from '../src/testing/index.ts'
import { deployment, routing } from './support/settings.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function upstream(options?: UpstreamOptions): Promise<Upstream> {
  const started = await startUpstream(options)
  closers.push(() => started.stop())
  return started
}

async function gateway(settings: RoutingSettings) {
  const events: Event[] = []
  const router = createRouter(settings, { emit: event => events.push(event), explains: () => true })
  const server = createGateway(router)
  const url = await server.listen({ port: 0 })
  closers.push(
    () => router.close(),
    () => server.stop(0),
  )
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
  return { url, client, events, router }
}

const hello = { messages: [{ role: 'user' as const, content: 'hello' }] }

describe('the spine', () => {
  it('answers a whole call', async () => {
    const up = await upstream()
    const { client, events } = await gateway(
      routing({ deployments: [deployment({ id: 'a', pool: 'fast', baseUrl: up.baseUrl })] }),
    )
    const { data, response } = await client.chat.completions.create({ model: 'fast', ...hello }).withResponse()
    expect(data.choices[0]?.message.content).toContain('hello')
    expect(up.log[0]?.model).toBe('model-of-a')
    expect(response.headers.get('x-tollgate-cost-usd')).toBe('0.000050000')
    expect(events.map(event => event.type)).toEqual([
      'call-start',
      'route',
      'attempt-start',
      'attempt-first',
      'attempt-end',
      'call-end',
    ])
  })

  it('streams, byte for byte', async () => {
    const up = await upstream({ chunks: 5 })
    const { client, events } = await gateway(
      routing({ deployments: [deployment({ id: 'a', pool: 'fast', baseUrl: up.baseUrl })] }),
    )
    const stream = await client.chat.completions.create({ model: 'fast', stream: true, ...hello })
    let text = ''
    for await (const chunk of stream) {
      expect(chunk.usage ?? undefined).toBeUndefined()
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text).toContain('hello')
    const end = events.at(-1)
    expect(end?.type === 'call-end' && end.call.record.cost).toBe(50_000n)
  })

  it('takes over on failure before the first token', async () => {
    const bad = await upstream()
    bad.always(fault.status(500))
    const good = await upstream()
    const { client, events } = await gateway(
      routing({
        deployments: [
          deployment({
            id: 'a',
            pool: 'fast',
            baseUrl: bad.baseUrl,
            selection: { tags: [], tagPatterns: [], weight: 1 },
          }),
          deployment({
            id: 'b',
            pool: 'fast',
            baseUrl: good.baseUrl,
            selection: { tags: [], tagPatterns: [], weight: 0 },
          }),
        ],
      }),
    )
    const { response } = await client.chat.completions.create({ model: 'fast', ...hello }).withResponse()
    expect(response.headers.get('x-tollgate-attempts')).toBe('2')
    expect(events.filter(event => event.type === 'attempt-end').length).toBe(2)
  })

  it('turns a cut stream into an error event', async () => {
    const up = await upstream({ chunks: 10 })
    up.always(fault.cut('close', { afterChunks: 3 }))
    const { client } = await gateway(
      routing({ deployments: [deployment({ id: 'a', pool: 'fast', baseUrl: up.baseUrl })] }),
    )
    const stream = await client.chat.completions.create({ model: 'fast', stream: true, ...hello })
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow(/before the answer was finished|broke off|closed/)
  })
})
