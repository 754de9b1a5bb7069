import { gunzipSync } from 'node:zlib'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { Agent, request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Fault, fault, startUpstream, type Upstream } from './index.ts'

let upstream: Upstream
let openai: OpenAI
// Undici's own agent, so that nothing retries, redirects or unpacks behind the test's back. It keeps connections alive:
// of others it tells a break as an HTTPParserError without a code.
const dispatcher = new Agent()

beforeAll(async () => {
  upstream = await startUpstream({ answer: 'one two three four' })
  openai = new OpenAI({ baseURL: upstream.baseUrl, apiKey: 'sk-test', maxRetries: 0 })
})
afterEach(() => {
  upstream.reset()
})
afterAll(async () => {
  await upstream.stop()
  await dispatcher.close()
})

const asked = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] }
const send = (body: object) =>
  request(`${upstream.baseUrl}/chat/completions`, { method: 'POST', body: JSON.stringify(body), dispatcher })
const whole = () => send(asked)
const stream = () => send({ ...asked, stream: true, stream_options: { include_usage: true } })

/** What arrives before the end, and the error code that it ended with, if any. */
async function drain(body: AsyncIterable<Buffer>): Promise<{ bytes: Buffer; text: string; code?: unknown }> {
  const chunks: Buffer[] = []
  let code: unknown
  try {
    for await (const chunk of body) chunks.push(chunk)
  } catch (error) {
    code = error instanceof Error && 'code' in error ? error.code : error
  }
  const bytes = Buffer.concat(chunks)
  return { bytes, text: bytes.toString(), ...(code !== undefined && { code }) }
}

describe('faults before the answer', () => {
  it('gives a status with its headers and an error in the words of the provider', async () => {
    upstream.next(fault.status(429, { retryAfter: '2', message: 'Slow down', code: 'rate_limit_exceeded' }))
    const error = await openai.chat.completions.create(asked).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' })
    expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).toBe('2')
    expect(upstream.log[0]).toMatchObject({ status: 429, counted: undefined, fault: { name: 'status 429' } })
  })

  it('fails at Anthropic in the words of Anthropic', async () => {
    upstream.next(fault.status(529))
    const anthropic = new Anthropic({ baseURL: upstream.url, apiKey: 'k', maxRetries: 0 })
    const error = await anthropic.messages.create({ ...asked, max_tokens: 9 }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ status: 529, error: { type: 'error', error: { type: 'overloaded_error' } } })
  })

  it.each([
    ['reset', fault.reset(), 'ECONNRESET'],
    ['hang up', fault.hangUp(), 'UND_ERR_SOCKET'],
  ])('breaks the connection by %s', async (name, given, code) => {
    upstream.next(given)
    await expect(whole()).rejects.toMatchObject({ code })
    const [record] = await upstream.closed()
    expect(record).toMatchObject({ closed: 'us', status: undefined, bytesOut: 0, fault: { name } })
  })

  it('keeps silent until the client goes', async () => {
    upstream.next(fault.hang())
    const leaving = new AbortController()
    const answer = openai.chat.completions.create(asked, { signal: leaving.signal }).catch((error: unknown) => error)
    const [arrived] = await upstream.arrived()
    expect(arrived?.closed).toBe('open')
    leaving.abort()
    expect(await answer).toBeInstanceOf(OpenAI.APIUserAbortError)
    const [closed] = await upstream.closedByClient()
    expect(closed).toBe(arrived)
    expect(closed?.closedMs).toBeGreaterThanOrEqual(closed?.arrivedMs ?? Number.NaN)
  })

  it('refuses connections while the port is closed, and is back at the same one', async () => {
    const { url } = upstream
    await upstream.refuse()
    await expect(whole()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await upstream.accept()
    expect(upstream.url).toBe(url)
    expect((await whole()).statusCode).toBe(200)
  })
})

describe('answers that are something else', () => {
  const cases: [string, Fault, number, string, RegExp][] = [
    ['garbage', fault.garbage(), 200, 'application/json', /nope$/],
    ['a web page', fault.html(), 200, 'text/html', /<h1>/],
    ['an error with 200', fault.errorInOk('no'), 200, 'application/json', /^\{"error":\{"message":"no"/],
    ['any bytes', fault.body('[[', { status: 201, contentType: 'a/b' }), 201, 'a/b', /^\[\[$/],
    ['a wrong name', fault.contentType('text/plain'), 200, 'text/plain', /"object":"chat.completion"/],
  ]
  it.each(cases)('gives %s', async (_, given, status, type, text) => {
    upstream.next(given)
    const response = await whole()
    expect(response.statusCode).toBe(status)
    expect(response.headers['content-type']).toBe(type)
    expect(await response.body.text()).toMatch(text)
  })

  it('redirects', async () => {
    upstream.next(fault.redirect('http://169.254.169.254/'))
    const response = await whole()
    expect([response.statusCode, response.headers.location]).toEqual([302, 'http://169.254.169.254/'])
    await response.body.dump()
  })

  it('packs a bomb, in layers', async () => {
    upstream.next(fault.gzipBomb({ bytes: 2 ** 20, layers: 2 }))
    const response = await whole()
    expect(response.headers['content-encoding']).toBe('gzip, gzip')
    const packed = (await drain(response.body)).bytes
    expect(packed.length).toBeLessThan(1000)
    expect(gunzipSync(gunzipSync(packed))).toHaveLength(2 ** 20)
  })

  it('withholds the usage, and says so in the log', async () => {
    upstream.next(fault.noUsage(), fault.noUsage())
    const answer = (await (await whole()).body.json()) as object
    expect(answer).not.toHaveProperty('usage')
    const { text } = await drain((await stream()).body)
    expect(text).not.toContain('prompt_tokens')
    expect(text).toContain('[DONE]')
    for (const record of await upstream.closed(2)) {
      expect(record).toMatchObject({ usage: undefined, counted: { inputTokens: 20 } })
    }
  })

  it('makes one very long line', async () => {
    upstream.next(fault.longLine(2 ** 20))
    const { text } = await drain((await stream()).body)
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeGreaterThan(2 ** 20)
    expect(text).toContain('[DONE]')
  })
})

describe('answers that break off', () => {
  it.each([
    ['end', undefined],
    ['close', 'UND_ERR_SOCKET'],
    ['reset', 'ECONNRESET'],
  ] as const)('cuts a stream by %s after so many chunks', async (by, code) => {
    for (const afterChunks of [0, 1, 3]) {
      upstream.next(fault.cut(by, { afterChunks }))
      const got = await drain((await stream()).body)
      expect(got.code).toBe(code)
      expect(got.text.match(/"content":"\w/g) ?? []).toHaveLength(afterChunks)
      expect(got.text.endsWith('\n\n')).toBe(true)
      expect(got.text).not.toContain('[DONE]')
    }
    for (const record of await upstream.closed(3)) expect(record).toMatchObject({ closed: 'us', usage: undefined })
  })

  it('cuts inside a data line', async () => {
    upstream.next(fault.cut('end', { inside: 'line' }))
    const { text } = await drain((await stream()).body)
    expect(text.slice(text.lastIndexOf('\n') + 1)).toMatch(/^data: \{.*[^}]$/)
  })

  it('cuts inside a character, in streams and in whole answers', async () => {
    for (const open of [stream, whole]) {
      upstream.next(fault.cut('end', { inside: 'character' }))
      const { bytes } = await drain((await open()).body)
      expect(bytes.at(-1)).toBe(0xe2)
    }
  })

  it.each([
    ['end', undefined],
    ['close', 'UND_ERR_SOCKET'],
    ['reset', 'ECONNRESET'],
  ] as const)('cuts a whole answer in its middle by %s', async (by, code) => {
    upstream.next(fault.cut(by))
    const got = await drain((await whole()).body)
    expect(got.code).toBe(code)
    expect(got.text).toMatch(/^\{"id":/)
    expect(() => JSON.parse(got.text)).toThrow(SyntaxError)
    expect((await upstream.closed())[0]).toMatchObject({ closed: 'us', usage: undefined })
  })

  it('stalls after some chunks until the client goes', async () => {
    upstream.next(fault.stall({ afterChunks: 2 }))
    let text = ''
    for await (const chunk of await openai.chat.completions.create({ ...asked, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? ''
      if (text === 'one two ') break
    }
    const [record] = await upstream.closedByClient()
    expect(record).toMatchObject({ closed: 'client', status: 200, fault: { kind: 'cut', by: 'stall' } })
  })

  it('ends without [DONE], the usage told', async () => {
    upstream.next(fault.noDone())
    const { text } = await drain((await stream()).body)
    expect(text).toMatch(/"total_tokens":35\}\}\n\n$/)
    expect((await upstream.closed())[0]?.usage).toEqual({ inputTokens: 20, outputTokens: 15 })
  })

  it('reports an error in the middle, so that each client throws', async () => {
    upstream.always(fault.streamError({ afterChunks: 2, message: 'Overloaded', type: 'overloaded_error' }))
    const seen: string[] = []
    const read = async () => {
      for await (const chunk of await openai.chat.completions.create({ ...asked, stream: true })) {
        seen.push(chunk.choices[0]?.delta.content ?? '')
      }
    }
    await expect(read()).rejects.toThrow('Overloaded')
    expect(seen.join('')).toBe('one two ')
    const anthropic = new Anthropic({ baseURL: upstream.url, apiKey: 'k', maxRetries: 0 })
    const message = anthropic.messages.stream({ ...asked, max_tokens: 9 }).finalMessage()
    await expect(message).rejects.toMatchObject({ type: 'overloaded_error' })
  })
})
