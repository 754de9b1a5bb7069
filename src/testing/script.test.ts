import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fault, startUpstream, type Upstream, type UpstreamRecord } from './index.ts'
import { piecesOf } from './scripted-answer.ts'

let upstream: Upstream
const seen: UpstreamRecord[] = []
beforeAll(async () => {
  upstream = await startUpstream({ remember: 50, onClose: record => seen.push(record) })
})
afterEach(() => {
  upstream.reset()
})
afterAll(() => upstream.stop())

const ask = (model = 'm', headers: Record<string, string> = {}) =>
  fetch(`${upstream.baseUrl}/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'four words of text' }] }),
  })
const status = async (model?: string): Promise<number> => (await ask(model)).status

describe('which request meets which fault', () => {
  it('takes one of the queue each, then is well again', async () => {
    upstream.next(fault.status(500), undefined, fault.status(429))
    expect([await status(), await status(), await status(), await status()]).toEqual([500, 200, 429, 200])
  })

  it('goes by the latest rule that applies, after the queue', async () => {
    upstream.always(fault.status(503)).when(request => request.model === 'sick', fault.status(500))
    upstream.next(fault.status(429))
    expect([await status(), await status(), await status('sick')]).toEqual([429, 503, 500])
    upstream.always(undefined)
    expect([await status(), await status('sick')]).toEqual([200, 200])
  })

  it('leaves lists and health alone unless a rule names them', async () => {
    upstream.always(fault.status(500)).next(fault.status(429))
    expect((await fetch(`${upstream.baseUrl}/models`)).status).toBe(200)
    upstream.when(request => request.operation === 'health', fault.status(503))
    expect((await fetch(`${upstream.url}/health`)).status).toBe(503)
    expect(await status()).toBe(429)
  })

  it('fails about the given share, the same requests in each run', async () => {
    const runs: number[][] = []
    for (let round = 0; round < 2; round++) {
      upstream.reset().sometimes(0.3, fault.status(500))
      const statuses: number[] = []
      for (let count = 0; count < 40; count++) statuses.push(await status())
      runs.push(statuses)
    }
    expect(runs[0]).toEqual(runs[1])
    const failures = runs[0]?.filter(code => code === 500).length ?? 0
    expect(failures).toBeGreaterThan(4)
    expect(failures).toBeLessThan(20)
  })
})

describe('what is said and counted', () => {
  it('counts words when asked to', async () => {
    upstream.script({ usage: 'count', answer: 'just three words' })
    expect(await (await ask()).json()).toMatchObject({
      usage: { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 },
    })
  })

  it('takes the answer’s own usage before that of the upstream', async () => {
    const usage = { inputTokens: 9, outputTokens: 5, cacheReadTokens: 4, reasoningTokens: 2 }
    upstream.script({ usage: () => ({ inputTokens: 1, outputTokens: 1 }), answer: { text: 'x', usage } })
    expect(await (await ask()).json()).toMatchObject({
      usage: {
        prompt_tokens: 9,
        completion_tokens: 5,
        total_tokens: 14,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    })
  })

  it('tells of an answer function that throws, and lives on', async () => {
    upstream.script({
      answer: () => {
        throw new Error('the script is wrong')
      },
    })
    const response = await ask()
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('the script is wrong')
    upstream.reset()
    expect(await status()).toBe(200)
  })

  it('cuts a text into so many pieces, never inside a character', () => {
    expect(piecesOf('a😀b😀', 2)).toEqual(['a😀', 'b😀'])
    expect(piecesOf('abc', 9)).toEqual(['a', 'b', 'c'])
    expect(piecesOf('two words ', undefined)).toEqual(['two ', 'words '])
    expect(piecesOf('', 3)).toEqual([])
  })
})

describe('the log', () => {
  it('holds the request as it came, who asked and how it ended, and tells it to onClose', async () => {
    await (await ask('gpt', { 'x-tollgate-attempt-id': 'attempt-7' })).text()
    const [record] = await upstream.closed()
    expect(record).toMatchObject({
      number: 1,
      attemptId: 'attempt-7',
      path: '/v1/chat/completions',
      operation: 'chat',
      model: 'gpt',
      prompt: 'four words of text',
      status: 200,
      closed: 'us',
      usage: { inputTokens: 20, outputTokens: 15 },
    })
    expect(JSON.parse(String(record?.bytes))).toEqual(record?.body)
    expect(seen.at(-1)).toBe(record)
  })

  it('keeps only the latest records when told so', async () => {
    for (let count = 0; count < 53; count++) await (await ask()).text()
    await upstream.closed(50)
    expect(upstream.log.map(record => record.number)).toEqual(Array.from({ length: 50 }, (_, index) => index + 4))
  })

  it('says what it saw when a wait is in vain', async () => {
    await expect(upstream.arrived(1, 1)).rejects.toThrow('waited 1 ms for 1 requests, but the upstream saw no request')
    await (await ask()).text()
    await expect(upstream.closedByClient(1, 1)).rejects.toThrow('but the upstream saw POST /v1/chat/completions (us)')
  })

  it('marks what was open when the upstream stops', async () => {
    const other = await startUpstream()
    other.next(fault.hang())
    const answer = fetch(`${other.baseUrl}/embeddings`, { method: 'POST', body: '{"input":"x"}' })
    const failed = expect(answer).rejects.toThrow('fetch failed')
    await other.arrived()
    await other.stop()
    await failed
    expect(other.log[0]).toMatchObject({ closed: 'us', status: undefined })
  })
})

it('holds back while a client does not read', async () => {
  upstream.script({ answer: 'x'.repeat(2 ** 24), chunks: 256 })
  const socket = connect(upstream.port, '127.0.0.1')
  const body = JSON.stringify({ messages: [], stream: true })
  socket.write(`POST /chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  const [record] = await upstream.arrived()
  // The writes stop growing once the sockets' buffers are full, which is long before the end.
  let before = -1
  while (record && record.bytesOut !== before) {
    before = record.bytesOut
    for (let turn = 0; turn < 1000; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  expect(before).toBeGreaterThan(0)
  expect(before).toBeLessThan(2 ** 24)
  socket.destroy()
  expect((await upstream.closedByClient())[0]).toMatchObject({ closed: 'client', usage: undefined })
})
