import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const MASTER = 'sk-master-of-addresses'
const CALL = JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'hello' }] })

interface Sent {
  readonly forwarded?: string | string[]
  /** The address that the client itself connects from. */
  readonly from?: string
  readonly key?: string
}

async function setUp(general: string) {
  const upstream = await stage.upstream()
  const yaml = `${modelList({ pool: 'fast', baseUrl: upstream.baseUrl })}general_settings: {master_key: ${MASTER}, ${general}}\n`
  const { url } = await stage.gateway(yaml)
  const send = (path: string, { forwarded, from = '127.0.0.1', key = MASTER }: Sent = {}) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const isCall = path.endsWith('completions')
      const headers = {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        ...(forwarded && { 'x-forwarded-for': forwarded }),
      }
      const sent = request(url + path, { method: isCall ? 'POST' : 'GET', localAddress: from, headers }, answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', piece => {
          text += piece
        })
        answer.on('end', () => resolve({ status: answer.statusCode, text }))
      })
      sent.on('error', reject).end(isCall ? CALL : undefined)
    })
  const statusOf = async (sent?: Sent) => (await send('/v1/chat/completions', sent)).status
  return { send, statusOf, upstream }
}

describe('allowed_ips', () => {
  it('lets an address in, and refuses others before their key is looked at', async () => {
    const { send, statusOf, upstream } = await setUp('allowed_ips: [127.0.0.2, "2001:db8::/32"]')
    expect(await statusOf({ from: '127.0.0.2' })).toBe(200)
    for (const key of [MASTER, 'sk-wrong']) {
      const { status, text } = await send('/v1/chat/completions', { key })
      expect(status).toBe(403)
      expect(JSON.parse(text).error).toMatchObject({ code: 'ip_not_allowed', type: expect.any(String) })
      expect(text).toContain('127.0.0.1')
    }
    expect(upstream.log).toHaveLength(1)
  })

  it('takes ranges', async () => {
    const { statusOf } = await setUp('allowed_ips: [10.0.0.0/8, 127.0.0.0/31]')
    expect(await statusOf()).toBe(200)
    expect(await statusOf({ from: '127.0.0.2' })).toBe(403)
  })

  it.each(['/v1/models', '/health', '/engines/fast/completions'])('holds for %s', async path => {
    const { send } = await setUp('allowed_ips: [10.0.0.1]')
    expect((await send(path)).status).toBe(403)
  })

  it.each(['/health/liveliness', '/health/readiness'])('leaves %s to whoever balances the load', async path => {
    const { send } = await setUp('allowed_ips: [10.0.0.1]')
    expect((await send(path, { key: '' })).status).toBe(200)
  })

  it('believes no header unless told to', async () => {
    const { statusOf } = await setUp('allowed_ips: [10.0.0.1]')
    expect(await statusOf({ forwarded: '10.0.0.1' })).toBe(403)
  })

  it.each<[Sent, number]>([
    [{ forwarded: '10.0.0.1' }, 200],
    [{ forwarded: '6.6.6.6, 10.0.0.1' }, 200],
    [{ forwarded: '10.0.0.1, 6.6.6.6' }, 403],
    [{ forwarded: ['10.0.0.1', '6.6.6.6'] }, 403],
    [{ forwarded: '10.0.0.1:4711' }, 200],
    [{ forwarded: '[2001:db8::1]:4711' }, 200],
    [{ forwarded: '::ffff:10.0.0.1' }, 200],
    [{ forwarded: 'unknown' }, 403],
    [{}, 403],
  ])('use_x_forwarded_for: %j is %i', async (sent, status) => {
    const { statusOf } = await setUp('allowed_ips: [10.0.0.1, "2001:db8::/32"], use_x_forwarded_for: true')
    expect(await statusOf(sent)).toBe(status)
  })

  it.each<[Sent, number]>([
    [{ forwarded: '10.0.0.1', from: '127.0.0.2' }, 200],
    // Through two of them.
    [{ forwarded: '10.0.0.1, 172.16.0.9', from: '127.0.0.2' }, 200],
    [{ forwarded: '10.0.0.1, 6.6.6.6, 172.16.0.9', from: '127.0.0.2' }, 403],
    // Not one of the proxies: it speaks for itself alone.
    [{ forwarded: '10.0.0.1', from: '127.0.0.3' }, 403],
    [{ from: '127.0.0.4' }, 200],
    [{ forwarded: '6.6.6.6', from: '127.0.0.4' }, 200],
  ])('mcp_trusted_proxy_ranges: %j is %i', async (sent, status) => {
    const { statusOf } = await setUp(
      'allowed_ips: [10.0.0.1, 127.0.0.4], use_x_forwarded_for: true, mcp_trusted_proxy_ranges: [127.0.0.2, 172.16.0.0/12]',
    )
    expect(await statusOf(sent)).toBe(status)
  })
})
