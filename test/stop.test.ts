import { connect } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createGateway } from '../src/gateway/server.ts'
import { type Listener, Router } from '../src/index.ts'
import { createRouter } from '../src/router.ts'
import { fault, startUpstream } from '../src/testing/index.ts'
import { deployment, routing } from './support/settings.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

it('a stop does not wait for a client that does not read', async () => {
  const upstream = await startUpstream({ answer: 'word '.repeat(2_000_000), chunks: 2000 })
  closers.push(() => upstream.stop())
  const router = createRouter(
    routing({ deployments: [deployment({ id: 'a', pool: 'fast', baseUrl: upstream.baseUrl })] }),
  )
  closers.push(() => router.close())
  const gateway = createGateway(router)
  const { hostname, port } = new URL(await gateway.listen({ port: 0 }))

  const body = JSON.stringify({ model: 'fast', stream: true, messages: [{ role: 'user', content: 'hello' }] })
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  closers.push(async () => socket.destroy())
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  // The head has come, and from now on nothing is read.
  await new Promise<void>(resolve => socket.once('readable', () => resolve()))
  await upstream.arrived()

  await gateway.stop(0)
  await upstream.closedByClient()
  expect(upstream.log).toHaveLength(1)
})

it('a router that is closed breaks off what is under way, blames nobody for it, and refuses what comes then', async () => {
  const upstream = await startUpstream({ chunks: 5 })
  closers.push(() => upstream.stop())
  const attempts: (string | undefined)[] = []
  const listener: Listener = event => {
    if (event.type === 'attempt-end') attempts.push(event.end.failure?.kind)
  }
  const params = { model: 'openai/gpt-4o-mini', api_key: 'sk-x', api_base: upstream.baseUrl }
  const router = new Router({ model_list: [{ model_name: 'fast', litellm_params: params }] }, { listeners: [listener] })
  const request = { model: 'fast', messages: [{ role: 'user', content: 'hello' }] } as const
  upstream.next(fault.stall({ afterChunks: 1 }))
  const stream = await router.completion({ ...request, stream: true })
  upstream.next(fault.hang())
  const waiting = router.completion(request)
  await upstream.arrived(2)
  const ends = [expect(waiting), expect(readOut(stream))].map(one =>
    one.rejects.toMatchObject({ kind: 'cancelled', code: 'stopping' }),
  )
  await router.close()
  await Promise.all(ends)
  await expect(router.completion(request)).rejects.toMatchObject({ kind: 'unavailable', code: 'stopping' })
  expect(attempts).toEqual(['cancelled', 'cancelled', 'unavailable'])
  expect(upstream.log).toHaveLength(2)
})

async function readOut(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
