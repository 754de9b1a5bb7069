import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { type ChatChunk, Failure, Router } from '../../src/index.ts'
import { fault, type Upstream, type UpstreamOptions } from '../../src/testing/index.ts'
import { Stage } from '../support/stage.ts'
import { Watch, within } from '../support/watch.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const hello = { model: 'fast', messages: [{ role: 'user' as const, content: 'hello' }] }

/** A router with the pool `fast` of at most one call in flight, so that a call that is never let go is noticed. */
async function setUp(options: UpstreamOptions = {}) {
  const upstream = await stage.upstream(options)
  const watch = new Watch()
  const router = routerOn(upstream, watch)
  stage.later(() => router.close())
  const client = new OpenAI({ apiKey: 'none', baseURL: 'http://in-process.invalid/v1', fetch: router.fetch })
  return { upstream, router, client, watch }
}

function routerOn(upstream: Upstream, watch: Watch): Router {
  const params = {
    model: 'openai/gpt-4o-mini',
    api_base: upstream.baseUrl,
    api_key: 'sk-upstream',
    max_parallel_requests: 1,
    input_cost_per_token: 0.000001,
    output_cost_per_token: 0.000002,
  }
  const entry = { model_name: 'fast', litellm_params: params }
  return new Router({ model_list: [entry], num_retries: 0, disable_cooldowns: true }, { listeners: [watch.listener] })
}

const slow: UpstreamOptions = { chunks: 200, chunkDelayMs: 50, answer: 'x'.repeat(400) }

describe('the openai SDK over router.fetch', () => {
  it('chats, whole and streamed', async () => {
    const { client, upstream } = await setUp()
    const { data, response } = await client.chat.completions.create(hello).withResponse()
    expect(data.choices[0]?.message.content).toBe('Mock answer to: "hello"')
    expect(response.headers.get('x-tollgate-cost-usd')).toBe('0.000050000')
    let text = ''
    for await (const chunk of await client.chat.completions.create({ ...hello, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('Mock answer to: "hello"')
    expect(upstream.log).toHaveLength(2)
  })

  it('is refused with an id, before there is a call and after', async () => {
    const { router } = await setUp()
    const refused = async (path: string, body: string) => {
      const { status, headers } = await router.fetch(`http://in-process.invalid${path}`, { method: 'POST', body })
      expect(headers.get('x-request-id')).toMatch(/^[0-9A-Z]{26}$/)
      return [status, headers.get('x-tollgate-call-id') === headers.get('x-request-id')]
    }
    expect(await refused('/v1/audio', '{}')).toEqual([404, false])
    expect(await refused('/v1/chat/completions', '{')).toEqual([400, false])
    expect(await refused('/v1/chat/completions', JSON.stringify({ ...hello, model: 'z' }))).toEqual([404, true])
  })

  it('embeds', async () => {
    const { client } = await setUp({ dimensions: 4 })
    const { data } = await client.embeddings.create({ model: 'fast', input: 'one' })
    expect(data[0]?.embedding).toHaveLength(4)
  })

  it('leaving the loop closes the upstream, ends without an error, and lets go of the deployment', async () => {
    const { client, upstream, watch } = await setUp(slow)
    for await (const chunk of await client.chat.completions.create({ ...hello, stream: true }))
      if (chunk.choices[0]?.delta.content) break
    await upstream.closedByClient()
    expect((await watch.ended())[0]?.end.outcome).toBe('abandoned')
    upstream.script({ chunkDelayMs: 0 })
    await expect(client.chat.completions.create(hello)).resolves.toBeTruthy()
  })

  it('aborting the controller in mid-stream ends the loop quietly, as it does over HTTP', async () => {
    const { client, upstream } = await setUp(slow)
    const stream = await client.chat.completions.create({ ...hello, stream: true })
    const read = async () => {
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) stream.controller.abort()
    }
    await expect(within(read(), 'the loop to end')).resolves.toBeUndefined()
    await upstream.closedByClient()
  })

  it('an aborted whole call is an abort for the SDK, and closes the upstream', async () => {
    const { client, upstream } = await setUp()
    upstream.always(fault.hang())
    const controller = new AbortController()
    const answer = client.chat.completions.create(hello, { signal: controller.signal })
    const refused = expect(answer).rejects.toThrow(OpenAI.APIUserAbortError)
    await upstream.arrived()
    controller.abort()
    await refused
    await upstream.closedByClient()
  })

  it('has the SDK’s error classes, without multiplied attempts', async () => {
    const { client, upstream } = await setUp()
    await expect(client.chat.completions.create({ ...hello, model: 'fats' })).rejects.toThrow(OpenAI.NotFoundError)
    await expect(client.chat.completions.create({ ...hello, messages: [] })).rejects.toThrow(OpenAI.BadRequestError)
    expect(upstream.log).toHaveLength(0)
    upstream.always(fault.status(429, { retryAfter: '1' }))
    await expect(client.chat.completions.create(hello)).rejects.toThrow(OpenAI.RateLimitError)
    expect(upstream.log).toHaveLength(1)
  })

  it('a stream that is cut throws', async () => {
    const { client, upstream } = await setUp({ chunks: 10, answer: 'x'.repeat(100) })
    upstream.always(fault.cut('close', { afterChunks: 3 }))
    const stream = await client.chat.completions.create({ ...hello, stream: true })
    const read = async () => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toThrow(OpenAI.APIError)
  })

  it('refuses what it does not serve, in the same shape', async () => {
    const { router } = await setUp()
    const response = await router.fetch('http://in-process.invalid/v1/images/generations', {
      method: 'POST',
      body: '{}',
    })
    expect(response.status).toBe(404)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.json()).toMatchObject({ error: { code: 'unknown_route' } })
  })
})

describe('Router.completion', () => {
  it('answers whole, and as an iterable of chunks', async () => {
    const { router } = await setUp({ usage: { inputTokens: 3, outputTokens: 2 } })
    const answer = await router.completion(hello)
    expect(answer.choices[0]?.message.content).toBe('Mock answer to: "hello"')
    expect(answer.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 2 })
    let text = ''
    for await (const chunk of await router.completion({ ...hello, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('Mock answer to: "hello"')
  })

  it('throws Failures with their kind', async () => {
    const { router, upstream } = await setUp()
    await expect(router.completion({ ...hello, model: 'fats' })).rejects.toMatchObject({ kind: 'unknown_model' })
    await expect(router.completion({ model: 'fast', messages: [] })).rejects.toThrow(Failure)
    upstream.always(fault.reset())
    await expect(router.completion(hello)).rejects.toMatchObject({ kind: 'unreachable' })
  })

  it('leaving the loop closes the upstream and lets go of the deployment', async () => {
    const { router, upstream, watch } = await setUp(slow)
    for await (const chunk of await router.completion({ ...hello, stream: true }))
      if (chunk.choices[0]?.delta.content) break
    await upstream.closedByClient()
    expect((await watch.ended())[0]?.end.outcome).toBe('abandoned')
    upstream.script({ chunkDelayMs: 0 })
    await expect(router.completion(hello)).resolves.toBeTruthy()
  })

  it('returning an iterator that was never started closes the upstream as well', async () => {
    const { router, upstream } = await setUp(slow)
    const iterator = (await router.completion({ ...hello, stream: true }))[Symbol.asyncIterator]()
    await iterator.return?.()
    await upstream.closedByClient()
    await expect(iterator.next()).resolves.toMatchObject({ done: true })
  })

  it('returning an iterator ends a `next` that waits', async () => {
    const { router, upstream } = await setUp({ chunks: 4 })
    upstream.always(fault.stall({ afterChunks: 1 }))
    const iterator = (await router.completion({ ...hello, stream: true }))[Symbol.asyncIterator]()
    while (!(await iterator.next()).value?.choices[0]?.delta.content);
    const waiting = iterator.next()
    await iterator.return?.()
    await expect(within(waiting, 'the waiting next to end')).resolves.toMatchObject({ done: true })
    await upstream.closedByClient()
  })

  it('a signal stops a call before, during and within its answer', async () => {
    const { router, upstream } = await setUp(slow)
    await expect(router.completion(hello, { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'cancelled' })
    expect(upstream.log).toHaveLength(0)
    const inside = new AbortController()
    const stream = await router.completion({ ...hello, stream: true }, { signal: inside.signal })
    const read = async () => {
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) inside.abort()
    }
    await expect(within(read(), 'the loop to end')).rejects.toMatchObject({ kind: 'cancelled' })
    await upstream.closedByClient(1)
    upstream.always(fault.hang())
    const waiting = new AbortController()
    const refused = expect(router.completion(hello, { signal: waiting.signal })).rejects.toMatchObject({
      kind: 'cancelled',
    })
    await upstream.arrived(2)
    waiting.abort()
    await refused
    await upstream.closedByClient(2)
  })

  it('a cut stream throws within the loop', async () => {
    const { router, upstream } = await setUp({ chunks: 10, answer: 'x'.repeat(100) })
    upstream.always(fault.cut('reset', { afterChunks: 3 }))
    const chunks: ChatChunk[] = []
    const read = async () => {
      for await (const chunk of await router.completion({ ...hello, stream: true })) chunks.push(chunk)
    }
    await expect(read()).rejects.toMatchObject({ kind: 'broken_off' })
    expect(chunks.length).toBeGreaterThan(2)
  })
})
