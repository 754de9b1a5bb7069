import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { Router } from '../src/index.ts'
import { besiege, body, CHAT } from './support/siege.ts'

const siege = besiege()
const GO_ON = 'HTTP/1.1 100 Continue\r\n\r\n'
const call = JSON.stringify(body({}))
const explain = '/v1/route/explain'
const key = () => `authorization: ${siege.withKey.authorization}\r\n`

/** All that a client reads that sends its body only when it is told to go on. */
function wait(path: string, headers: string, { length = String(call.length), version = '1.1' } = {}): Promise<string> {
  const { port, host } = new URL(siege.served.url)
  const head = `POST ${path} HTTP/${version}\r\nhost: ${host}\r\ncontent-length: ${length}\r\nexpect: 100-continue\r\n`
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(`${head}connection: close\r\n${headers}\r\n`))
    let read = ''
    let sent = false
    socket.on('data', bytes => {
      read += bytes.toString('latin1')
      if (!sent && read.startsWith(GO_ON)) socket.write(call)
      sent = true
    })
    socket.on('close', () => resolve(read))
    socket.on('error', reject)
  })
}

const JSON_TYPE = 'content-type: application/json\r\n'

it.each([CHAT, explain])('%s: who is known is told to go on, once, and then answered', async path => {
  const read = await wait(path, JSON_TYPE + key())
  expect(read.startsWith(`${GO_ON}HTTP/1.1 200 OK`)).toBe(true)
  expect(read.split(GO_ON)).toHaveLength(2)
})

it.each([CHAT, explain])('%s: what the headers decide is answered at once, and nothing goes upstream', async path => {
  const seen = siege.sinceNow()
  const stranger = await wait(path, JSON_TYPE)
  const wrong = await wait(path, `${JSON_TYPE}authorization: Bearer ${siege.secrets.wrong}\r\n`)
  const large = await wait(path, JSON_TYPE + key(), { length: '99999999' })
  const text = await wait(path, `content-type: text/plain\r\n${key()}`)
  const statuses = [stranger, wrong, large, text].map(read => read.slice(9, 12))
  expect(statuses).toEqual(['401', '401', '413', '415'])
  expect(seen()).toBe(0)
})

it('an upstream that says to go on unasked is told of by what it did', async () => {
  const upstream = createServer(socket => socket.once('data', () => socket.write(GO_ON)).on('error', () => {}))
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  const { port } = upstream.address() as AddressInfo
  const litellm_params = { model: 'openai/x', api_base: `http://127.0.0.1:${port}/v1`, api_key: 'k' }
  const router = new Router({ model_list: [{ model_name: 'fast', litellm_params }], num_retries: 0 })
  const asked = router.completion({ model: 'fast', messages: [{ role: 'user', content: 'hello' }] })
  await expect(asked).rejects.toThrow(/answered `100 Continue`, for which nobody had asked/)
  await router.close()
  upstream.close()
})
