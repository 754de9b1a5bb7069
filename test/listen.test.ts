import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createGateway, type Gateway } from '../src/gateway/server.ts'
import { createRouter } from '../src/router.ts'
import { fault, startUpstream, type Upstream } from '../src/testing/index.ts'
import { deployment, routing } from './support/settings.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function served(): Promise<{ gateway: Gateway; upstream: Upstream }> {
  const upstream = await startUpstream()
  closers.push(() => upstream.stop())
  const router = createRouter(
    routing({ deployments: [deployment({ id: 'a', pool: 'fast', baseUrl: upstream.baseUrl })] }),
  )
  closers.push(() => router.close())
  const gateway = createGateway(router)
  closers.push(() => gateway.stop(0))
  return { gateway, upstream }
}

function open(port: number, host = '127.0.0.1'): Socket {
  const socket = connect(port, host)
  closers.push(() => socket.destroy())
  return socket
}

const BODY = JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'hello' }] })
const CALL = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`

async function allOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => {
    text += String(chunk)
  })
  await once(socket, 'close')
  return text
}

it('answers a call, a route of the framework and what does not exist as soon as it listens', async () => {
  const { gateway } = await served()
  const url = await gateway.listen({ port: 0 })
  const [alive, call, nothing] = await Promise.all([
    fetch(`${url}/health/liveliness`),
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: BODY,
    }),
    fetch(`${url}/nothing`),
  ])
  expect([alive.status, call.status, nothing.status]).toEqual([200, 200, 404])
  expect(await nothing.json()).toMatchObject({ error: { code: 'unknown_route' } })
})

it('localhost is reached by every address that it has here', async () => {
  const { gateway } = await served()
  const url = await gateway.listen({ host: 'localhost', port: 0 })
  expect(url).toMatch(/^http:\/\/localhost:\d+$/)
  const port = Number(new URL(url).port)
  for (const { address } of await lookup('localhost', { all: true })) {
    const socket = open(port, address)
    socket.write('GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    expect(await allOf(socket)).toMatch(/^HTTP\/1\.1 200 /)
  }
})

it('a port that is taken is told, and nothing is left listening', async () => {
  const { gateway } = await served()
  const { port } = new URL(await gateway.listen({ port: 0 }))
  const { gateway: other } = await served()
  await expect(other.listen({ port: Number(port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await other.stop(0)
})

it('a request that comes while it stops is refused by name, and the call before it is answered', async () => {
  const { gateway, upstream } = await served()
  upstream.next(fault.slowHeaders({ delayMs: 300 }))
  const { port } = new URL(await gateway.listen({ port: 0 }))
  const socket = open(Number(port))
  const answers = allOf(socket)
  socket.write(CALL)
  await upstream.arrived()
  const stopped = gateway.stop(5_000)
  socket.write(CALL)
  const text = await answers
  await stopped
  expect(text).toMatch(/^HTTP\/1\.1 200 /)
  const second = text.slice(text.indexOf('HTTP/1.1', 1))
  expect(second).toMatch(/^HTTP\/1\.1 503 /)
  expect(second).toMatch(/connection: close/i)
  expect(second).toContain('"code":"stopping"')
  expect(upstream.log).toHaveLength(1)
})
