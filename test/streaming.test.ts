import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { fault } from '../src/testing/index.ts'
import { startBytesUpstream } from './support/bytes-upstream.ts'
import { chat, JSON_HEADERS, open, post } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { within } from './support/watch.ts'
import { modelList, PLAIN } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const asStream = (more: object = {}) => chat('fast', 'hello', { stream: true, ...more })
const withUsage = { stream_options: { include_usage: true } }

/** A chunk as OpenAI writes it. */
function chunk(choices: readonly object[], more: object = {}): string {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini-2024-07-18' }
  return JSON.stringify({ ...head, choices, ...more })
}

const delta = (content: string) => chunk([{ index: 0, delta: { content }, finish_reason: null }], { usage: null })

const EVENTS = [
  chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], { usage: null }),
  delta('Grüße, 世界 🌍'),
  delta(' "usage":{ and \\"finish_reason\\":null in a text'),
  delta('data: [DONE]\n\n as a text'),
  delta(''),
  chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], { usage: null }),
] as const
const USAGE_EVENT = chunk([], { usage: { prompt_tokens: 20, completion_tokens: 15, total_tokens: 35 } })

/** Events on the wire. */
function wire(events: readonly string[], end: string, comment = ''): Buffer {
  const lines = events.map(event => `${comment ? `: ${comment}${end}${end}` : ''}data: ${event}${end}${end}`)
  return Buffer.from(lines.join(''))
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  const list: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.subarray(at, at + size))
  return list
}

async function setUpBytes(more = PLAIN) {
  const upstream = await startBytesUpstream()
  stage.later(() => upstream.stop())
  const served = await stage.gateway(modelList({ pool: 'fast', baseUrl: upstream.baseUrl }) + more)
  return { ...served, upstream, url: `${served.baseUrl}/chat/completions` }
}

const LINE_ENDS = [
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
] as const

describe.each(LINE_ENDS)('a stream with %s, byte for byte', (_, end) => {
  const whole = wire([...EVENTS, USAGE_EVENT, '[DONE]'], end)
  const hidden = wire([...EVENTS, '[DONE]'], end)

  it.each([1, 2, 7, 64, 1 << 20])('in pieces of %i bytes', async size => {
    const { upstream, url, watch, lines } = await setUpBytes()
    upstream.send(pieces(whole, size))
    expect((await post(url, asStream(withUsage))).text).toBe(whole.toString())
    expect((await post(url, asStream())).text).toBe(hidden.toString())
    await watch.ended(2)
    const expected = { status: 'ok', prompt_tokens: 20, completion_tokens: 15, estimated: false }
    expect(await lines()).toMatchObject([expected, expected])
  })

  it('however it is cut', async () => {
    const { upstream, url } = await setUpBytes()
    const cuts = fc.array(fc.nat(whole.length), { maxLength: 20 })
    const property = fc.asyncProperty(cuts, fc.boolean(), async (at, asked) => {
      const edges = [0, ...at.toSorted((a, b) => a - b), whole.length]
      upstream.send(edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge)))
      const answer = await post(url, asStream(asked ? withUsage : {}))
      expect(answer.text).toBe((asked ? whole : hidden).toString())
    })
    await fc.assert(property, { numRuns: 40 })
  })

  it('with comments and keep-alives between the events', async () => {
    const { upstream, url } = await setUpBytes()
    upstream.send(pieces(wire([...EVENTS, USAGE_EVENT, '[DONE]'], end, 'OPENROUTER PROCESSING'), 11))
    const text = (await post(url, asStream())).text
    expect(dataOf(text)).toEqual([...EVENTS, '[DONE]'])
  })
})

describe('the end of a stream', () => {
  it('is written where the upstream forgets it, and nothing comes after it', async () => {
    const { upstream, url } = await setUpBytes()
    upstream.send([wire(EVENTS, '\n')])
    expect(dataOf((await post(url, asStream())).text)).toEqual([...EVENTS, '[DONE]'])
    upstream.send([wire([...EVENTS, '[DONE]', delta('too late')], '\n')])
    expect(dataOf((await post(url, asStream())).text)).toEqual([...EVENTS, '[DONE]'])
  })

  it('is an error event, and no [DONE], where the upstream stops before it has finished', async () => {
    const { upstream, url, watch } = await setUpBytes()
    for (let count = 2; count < EVENTS.length; count++) {
      upstream.send([wire(EVENTS.slice(0, count), '\n')])
      const answer = await post(url, asStream())
      const data = dataOf(answer.text)
      expect(answer.status).toBe(200)
      expect(data.slice(0, count)).toEqual(EVENTS.slice(0, count))
      expect(JSON.parse(data[count] ?? '')).toMatchObject({ error: { code: 'broken_off', type: 'upstream_error' } })
      expect(data).toHaveLength(count + 1)
    }
    const ends = await watch.ended(EVENTS.length - 2)
    expect(new Set(ends.map(({ end }) => end.outcome))).toEqual(new Set(['failed']))
  })

  it.each([
    ['between two events', 'nothing'],
    ['inside a line', 'line'],
    ['inside a character', 'character'],
  ] as const)('is one error event where the connection is reset %s', async (_, inside) => {
    const { url, upstream } = await setUp()
    for (const afterChunks of [1, 4, 9]) {
      upstream.next(fault.cut('reset', { afterChunks, inside }))
      const data = dataOf((await post(url, asStream())).text)
      expect(data.filter(one => one.startsWith('{"error"'))).toHaveLength(1)
      expect(data.at(-1)).toMatch(/^{"error"/)
      expect(data).not.toContain('[DONE]')
      for (const one of data) expect(() => JSON.parse(one)).not.toThrow()
    }
  })

  it('is an error event when the upstream falls silent', async () => {
    const { url, upstream } = await setUp({}, { stream_idle_timeout: 0.2 })
    upstream.always(fault.stall({ afterChunks: 2 }))
    const data = dataOf((await post(url, asStream())).text)
    expect(JSON.parse(data.at(-1) ?? '')).toMatchObject({ error: { type: 'timeout_error' } })
    await upstream.closedByClient()
  })
})

describe('other shapes of a stream', () => {
  it('an upstream that does not stream is streamed all the same', async () => {
    const { url, upstream } = await setUp()
    const message = { role: 'assistant', content: 'all at once' }
    const usage = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 }
    const whole = {
      id: 'x',
      object: 'chat.completion',
      model: 'm',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage,
    }
    upstream.always(fault.body(JSON.stringify(whole)))
    const chunks = dataOf((await post(url, asStream(withUsage))).text)
    expect(chunks.at(-1)).toBe('[DONE]')
    expect(JSON.parse(chunks[0] ?? '')).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [{ delta: message }],
    })
    expect(JSON.parse(chunks[1] ?? '')).toMatchObject({ choices: [], usage })
  })

  it('the name that was asked for stands in answers where the operator wants it', async () => {
    const { upstream, url } = await setUpBytes(`${PLAIN}tollgate_settings:\n  response_model: requested\n`)
    upstream.send(pieces(wire([...EVENTS, USAGE_EVENT, '[DONE]'], '\r\n'), 9))
    const data = dataOf((await post(url, asStream())).text)
    expect(data.at(-1)).toBe('[DONE]')
    const renamed = EVENTS.map(event => ({ ...JSON.parse(event), model: 'fast' }))
    expect(data.slice(0, -1).map(one => JSON.parse(one))).toEqual(renamed)
  })

  it('also where the upstream answers a stream as a whole', async () => {
    const { url, upstream } = await setUp({}, {}, `${PLAIN}tollgate_settings:\n  response_model: requested\n`)
    const message = { role: 'assistant', content: 'all at once' }
    const usage = { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    upstream.always(fault.body(JSON.stringify({ id: 'x', created: 1, model: 'theirs', choices, usage })))
    const data = dataOf((await post(url, asStream(withUsage))).text)
    expect(data.at(-1)).toBe('[DONE]')
    expect(data.slice(0, -1).map(one => JSON.parse(one).model)).toEqual(['fast', 'fast'])
  })

  it('comments keep a silent stream alive', async () => {
    const { url, upstream } = await setUp({}, {}, 'router_settings: {keepalive_seconds: 0.05}\n')
    upstream.always(fault.stall({ afterChunks: 1 }))
    const response = await open(url, { headers: JSON_HEADERS, body: JSON.stringify(asStream()) })
    await within(readUntil(response, ': ping\n\n: ping\n\n'), 'two keep-alives')
    response.destroy()
    await upstream.closedByClient()
  })
})

describe('a client that leaves', () => {
  const points = [
    ['before the answer begins', fault.hang(), ''],
    ['after the head of a whole answer', fault.stall({}), ''],
    ['after the first content', fault.stall({ afterChunks: 1 }), 'xxxx'],
    ['in the middle', fault.stall({ afterChunks: 5 }), 'xxxx'],
    ['before the end is told', fault.stall({ afterChunks: 10 }), 'xxxx'],
  ] as const
  it.each(points)('%s: the upstream is closed, the call recorded, the deployment free', async (_, what, seen) => {
    const { url, upstream, watch, lines } = await setUp({}, { max_parallel_requests: 1 })
    upstream.next(what)
    const leaving = new AbortController()
    const stream = seen !== ''
    const answered = fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(chat('fast', 'hello', { stream })),
      signal: leaving.signal,
    })
    await upstream.arrived()
    if (stream) await (await answered).body?.getReader().read()
    leaving.abort()
    await answered.catch(() => {})
    await upstream.closedByClient()
    await watch.ended()
    expect(await lines()).toMatchObject([{ status: 'aborted', error: 'cancelled', estimated: true }])
    expect((await post(url, chat('fast', 'again'))).status).toBe(200)
  })

  it.each([
    // At 50 tokens a second, until there is an answer to go by.
    ['the time it had', {}, 19, Number.POSITIVE_INFINITY],
    ['no more than was asked for', { max_tokens: 5 }, 5, 5],
  ])('is charged for what a whole answer has cost by then: %s', async (_, body, least, most) => {
    const { url, upstream, watch, lines } = await setUp()
    upstream.next(fault.hang())
    const leaving = new AbortController()
    const answered = fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...chat('fast', 'hello'), ...body }),
      signal: leaving.signal,
    })
    await upstream.arrived()
    await sleep(400)
    leaving.abort()
    await answered.catch(() => {})
    await upstream.closedByClient()
    await watch.ended()
    const [line] = await lines()
    expect(line).toMatchObject({ status: 'aborted', estimated: true })
    expect(line?.completion_tokens).toBeGreaterThanOrEqual(least)
    expect(line?.completion_tokens).toBeLessThanOrEqual(most)
  })

  it('while a retry is waited for: nothing more is dialled', async () => {
    const settings = 'router_settings: {num_retries: 3, retry_after: 30, disable_cooldowns: true}\n'
    const { url, upstream, watch } = await setUp({}, {}, settings)
    upstream.always(fault.status(500))
    const leaving = new AbortController()
    const body = JSON.stringify(chat('fast', 'hello'))
    const answered = fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: leaving.signal,
    })
    await upstream.closed()
    leaving.abort()
    await answered.catch(() => {})
    expect((await watch.ended())[0]?.end.outcome).toBe('abandoned')
    expect(upstream.log).toHaveLength(1)
  })
})

describe('a slow reader', () => {
  const piece = wire([delta('x'.repeat(60_000))], '\n')
  const count = 1200

  function* many(): Generator<Buffer> {
    for (let sent = 0; sent < count; sent++) yield piece
    yield wire([EVENTS[5], '[DONE]'], '\n')
  }

  it('holds the upstream back, and gets everything in the end', async () => {
    const { upstream, url, watch } = await setUpBytes()
    upstream.send(many())
    const response = await open(url, { headers: JSON_HEADERS, body: JSON.stringify(asStream()) })
    response.pause()
    const held = await settled(() => upstream.bytesOut)
    expect(held).toBeLessThan(piece.length * count)
    let got = 0
    for await (const bytes of response) got += (bytes as Buffer).length
    expect(got).toBe(upstream.bytesOut)
    expect(got).toBeGreaterThan(piece.length * count)
    expect((await watch.ended())[0]?.end.outcome).toBe('complete')
  })

  it('that leaves while it is waited for closes the upstream', async () => {
    const { upstream, url, watch } = await setUpBytes()
    upstream.send(many())
    const response = await open(url, { headers: JSON_HEADERS, body: JSON.stringify(asStream()) })
    response.pause()
    await settled(() => upstream.bytesOut)
    response.destroy()
    await within(upstream.left, 'the upstream to be closed')
    expect((await watch.ended())[0]?.end.outcome).toBe('abandoned')
  })
})

async function setUp(options: object = {}, params: object = {}, settings = PLAIN) {
  const upstream = await stage.upstream({ chunks: 10, answer: 'xxxx '.repeat(10), ...options })
  const served = await stage.gateway(modelList({ pool: 'fast', baseUrl: upstream.baseUrl, params }) + settings)
  return { ...served, upstream, url: `${served.baseUrl}/chat/completions` }
}

/** The data of the events of a stream, without comments. */
function dataOf(text: string): string[] {
  return text
    .split(/\r\n|\n|\r/)
    .filter(line => line.startsWith('data: '))
    .map(line => line.slice(6))
}

async function readUntil(response: IncomingMessage, wanted: string): Promise<void> {
  let text = ''
  for await (const bytes of response) {
    text += String(bytes)
    if (text.includes(wanted)) return
  }
}

/** A figure that has stood still for a while. When a machine is so slow that it only seems to, it is merely too small. */
async function settled(figure: () => number): Promise<number> {
  let last = -1
  for (let still = 0; still < 5; ) {
    await sleep(50)
    const now = figure()
    still = now === last && now > 0 ? still + 1 : 0
    last = now
  }
  return last
}
