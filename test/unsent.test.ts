import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { chat, post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n'

/** A host that does so with each connection that says something, and keeps silent otherwise. */
async function host(scheme: string, then: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}).once('data', () => then(socket)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  stage.later(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const nothing = () => {}

describe('an attempt that fails at the connection', () => {
  it.each<[string, string, (socket: Socket) => void, number, boolean]>([
    ['hangs in the handshake of TLS', 'https', nothing, 504, false],
    ['speaks no TLS', 'https', socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 502, false],
    ['resets it before the head', 'http', socket => socket.resetAndDestroy(), 502, false],
    ['says nothing to the whole request', 'http', nothing, 504, true],
    ['resets it within the body', 'http', socket => socket.write(HEAD, () => socket.resetAndDestroy()), 502, true],
  ])('whose host %s: is charged only when it may have been worked on', async (_, scheme, then, status, isCharged) => {
    const baseUrl = await host(scheme, then)
    const pools = modelList({ pool: 'm', model: 'openai/gpt-4o-mini', baseUrl })
    const { baseUrl: gateway, lines } = await stage.gateway(pools + PLAIN)
    const answer = await post(`${gateway}/chat/completions`, chat('m', 'hello', { max_tokens: 500, timeout: 0.3 }))
    expect(answer.status).toBe(status)
    const [line] = await lines()
    expect(line?.status).toBe('error')
    expect(Number(line?.cost_nano_usd) > 0).toBe(isCharged)
    expect(line?.estimated === true).toBe(isCharged)
  })
})
