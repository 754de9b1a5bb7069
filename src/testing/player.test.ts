import { connect } from 'node:net'
import { Agent, request } from 'undici'
import { afterAll, describe, expect, it } from 'vitest'
import { FakeClock, fault, startUpstream, type Upstream } from './index.ts'

const dispatcher = new Agent()
afterAll(() => dispatcher.close())

const asked = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }
const send = (body: object, at: Upstream) =>
  request(`${at.baseUrl}/chat/completions`, { method: 'POST', body: JSON.stringify(body), dispatcher })

describe('slow answers', () => {
  it('sends a body at the given speed', async () => {
    const clock = new FakeClock()
    await using slow = await startUpstream({ clock })
    slow.next(fault.slowBody(0.5))
    const { body } = await send(asked, slow)
    const pieces = body[Symbol.asyncIterator]()
    expect((await pieces.next()).value?.toString()).toBe('{')
    const second = pieces.next()
    clock.advance(1999)
    expect(slow.log[0]?.bytesOut).toBe(1)
    await clock.advanceAsync(1)
    expect((await second).value?.toString()).toBe('"')
    body.destroy()
    body.on('error', () => {})
    await slow.closedByClient()
    expect(clock.timers).toBe(0)
  })

  it('sends a head byte by byte, on a raw connection', async () => {
    const clock = new FakeClock()
    await using slow = await startUpstream({ clock })
    slow.next(fault.slowHeaders({ bytesPerSecond: 1 }))
    const socket = connect(slow.port, '127.0.0.1')
    const body = JSON.stringify(asked)
    socket.write(`POST /chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    const bytes = socket[Symbol.asyncIterator]()
    expect(String((await bytes.next()).value)).toBe('H')
    await clock.advanceAsync(1000)
    expect(String((await bytes.next()).value)).toBe('T')
    await clock.advanceAsync(1_000_000)
    let rest = ''
    for (let next = await bytes.next(); !next.done; next = await bytes.next()) rest += String(next.value)
    expect(rest).toMatch(/^TP\/1\.1 200 OK\r\n/)
    expect(rest).toContain('connection: close\r\n\r\n{"id":')
    expect((await slow.closed())[0]).toMatchObject({ closed: 'us', usage: { inputTokens: 20 } })
  })

  it('delays heads by the latency and by the fault', async () => {
    const clock = new FakeClock()
    await using slow = await startUpstream({ clock, latencyMs: 50 })
    slow.next(undefined, fault.slowHeaders({ delayMs: 1000 }))
    for (const delay of [50, 1050]) {
      const answer = send(asked, slow)
      await slow.arrived(delay === 50 ? 1 : 2)
      await clock.advanceAsync(delay - 1)
      expect(slow.log.at(-1)?.status).toBeUndefined()
      await clock.advanceAsync(1)
      expect((await answer).statusCode).toBe(200)
      await (await answer).body.dump()
    }
  })
})
