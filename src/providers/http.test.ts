import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { attemptAt, callTo, chat } from '../../test/support/calls.ts'
import { deployment } from '../../test/support/settings.ts'
import { commit } from '../attempts/commit.ts'
import type { Answer, End } from '../core/answer.ts'
import type { Attempt } from '../core/call.ts'
import { Failure, type FailureKind } from '../core/failure.ts'
import { type Fault, fault, startUpstream, type Upstream } from '../testing/index.ts'
import { Dialler } from './dialler.ts'
import { httpProvider } from './http.ts'
import { openai } from './openai/protocol.ts'

const left = new Failure('cancelled', 'the client left')

const WHOLE = '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'
const STREAM = 'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

let upstream: Upstream
let dialler: Dialler
const servers: Server[] = []

beforeAll(async () => {
  upstream = await startUpstream({ chunks: 6 })
})
afterAll(() => upstream.stop())
beforeEach(() => {
  upstream.reset()
  dialler = new Dialler({ connectMs: 5000 })
})
afterEach(async () => {
  await dialler.close()
  for (const server of servers.splice(0)) server.close()
})

/** An attempt at the upstream, and its answer from the first content on, as the layers above see it. */
function attempt(streamed: boolean, baseUrl = upstream.baseUrl): Attempt {
  return attemptAt(
    deployment({ id: 'a', pool: 'p', model: 'm', baseUrl }),
    callTo('p', { request: chat({ stream: streamed }) }),
  )
}

const send = (one: Attempt): Promise<Answer> => commit(() => false)(httpProvider(openai, { dialler }))(one)

async function drain(answer: Answer): Promise<{ readonly text: string; readonly end: End }> {
  let text = ''
  const end = await new Promise<End>(resolve =>
    answer.read({
      frame: frame => {
        text += Buffer.from(frame.bytes).toString()
        return true
      },
      end: resolve,
    }),
  )
  return { text, end }
}

/** How an attempt went: refused before the first content, failed after it, or complete. */
async function outcome(one: Attempt): Promise<string> {
  try {
    const { end } = await drain(await send(one))
    return end.failure ? `then ${end.failure.kind}` : end.outcome
  } catch (error) {
    return Failure.from(error).kind
  }
}

/** An upstream of raw bytes, which closes its connection behind them. Gives its base URL. */
function raw(...pieces: string[]): Promise<string> {
  return rawServer(socket => {
    for (const piece of pieces) socket.write(piece)
    socket.end()
  })
}

/** An upstream that is told of every request. Gives its base URL. */
async function rawServer(onRequest: (socket: Socket) => void): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', () => onRequest(socket))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`
}

const withHead = (type: string, body: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

describe('an upstream that answers', () => {
  it('is asked as the protocol says, and read', async () => {
    upstream.script({ headers: { 'x-ratelimit-remaining-requests': '7', 'set-cookie': 'a=b', server: 's' } })
    const one = attempt(false)
    const answer = await send(one)
    expect(JSON.parse((await drain(answer)).text)).toMatchObject({ object: 'chat.completion', model: 'm' })
    expect(answer).toMatchObject({
      streamed: false,
      usage: { inputTokens: 20, outputTokens: 15 },
      finishReason: 'stop',
    })
    expect(answer.upstreamHeaders?.['x-ratelimit-remaining-requests']).toBe('7')
    expect(Object.keys(answer.upstreamHeaders ?? {})).not.toContain('set-cookie')
    expect(upstream.log[0]).toMatchObject({ path: '/v1/chat/completions', attemptId: one.attempt.id })
    expect(upstream.log[0]?.headers['accept-encoding']).toBe('identity')
  })

  it('streams frame by frame, without the usage that the client did not ask for', async () => {
    const { text, end } = await drain(await send(attempt(true)))
    expect(text).toMatch(/data: \[DONE\]\n\n$/)
    expect(text).not.toContain('"usage":{')
    expect(end).toEqual({ outcome: 'complete', usage: { inputTokens: 20, outputTokens: 15 } })
  })

  it.each([
    { bytesPerWrite: 7 },
    { lineEnd: '\r\n' as const, comment: 'thinking' },
    { lineEnd: '\r' as const },
    { space: false, eventsPerWrite: 4 },
  ])('is read however it writes its events: %j', async sse => {
    upstream.script({ sse })
    const { text, end } = await drain(await send(attempt(true)))
    expect(text).toContain('[DONE]')
    expect(end).toMatchObject({ outcome: 'complete', usage: { inputTokens: 20 } })
  })

  it('is read again over the same connection', async () => {
    for (let number = 0; number < 3; number++) expect(await outcome(attempt(true))).toBe('complete')
  })

  it('with JSON to a client that asked for a stream is a whole answer', async () => {
    const body = JSON.stringify({ choices: [{ message: { content: 'x' }, finish_reason: 'stop' }] })
    upstream.next(fault.body(body))
    const answer = await send(attempt(true))
    expect(answer.streamed).toBe(false)
    expect((await drain(answer)).text).toBe(body)
  })
})

describe('an upstream that fails', () => {
  /** What becomes of a whole answer, and of a stream; `then` stands for after the first content. */
  it.each<[string, Fault, string, string]>([
    ['resets the connection', fault.reset(), 'unreachable', 'unreachable'],
    ['hangs up', fault.hangUp(), 'unreachable', 'unreachable'],
    ['cuts the answer in order', fault.cut('end', { afterChunks: 2 }), 'bad_answer', 'then broken_off'],
    ['cuts the answer with its connection', fault.cut('close', { afterChunks: 2 }), 'broken_off', 'then broken_off'],
    ['cuts the answer by a reset', fault.cut('reset', { afterChunks: 2 }), 'broken_off', 'then broken_off'],
    ['cuts within a line', fault.cut('end', { afterChunks: 2, inside: 'line' }), 'bad_answer', 'then broken_off'],
    [
      'cuts within a character',
      fault.cut('end', { afterChunks: 2, inside: 'character' }),
      'bad_answer',
      'then broken_off',
    ],
    ['cuts before the content', fault.cut('end', { afterChunks: 0 }), 'bad_answer', 'broken_off'],
    [
      'cuts before the content, with its connection',
      fault.cut('close', { afterChunks: 0 }),
      'broken_off',
      'broken_off',
    ],
    ['sends garbage', fault.garbage(), 'bad_answer', 'bad_answer'],
    ['sends a web page', fault.html(), 'bad_answer', 'bad_answer'],
    ['sends an error with status 200', fault.errorInOk(), 'upstream_error', 'upstream_error'],
    [
      'sends an error at the start of its stream',
      fault.streamError({ afterChunks: 0 }),
      'upstream_error',
      'upstream_error',
    ],
    [
      'sends an error within its stream',
      fault.streamError({ afterChunks: 2 }),
      'upstream_error',
      'then upstream_error',
    ],
    ['redirects', fault.redirect('http://169.254.169.254/latest'), 'upstream_error', 'upstream_error'],
    ['compresses', fault.gzipBomb({ bytes: 1 << 16 }), 'bad_answer', 'bad_answer'],
    ['compresses twice', fault.gzipBomb({ bytes: 1 << 16, layers: 2 }), 'bad_answer', 'bad_answer'],
    ['sends a line as long as a picture', fault.longLine(3 << 20), 'complete', 'complete'],
    ['sends an endless line', fault.longLine(17 << 20), 'complete', 'bad_answer'],
    ['forgets [DONE]', fault.noDone(), 'complete', 'complete'],
    ['forgets its usage', fault.noUsage(), 'complete', 'complete'],
    ['answers with 201', fault.body(WHOLE, { status: 201 }), 'complete', 'complete'],
    [
      'streams with 202',
      fault.body(STREAM, { status: 202, contentType: 'text/event-stream' }),
      'bad_answer',
      'complete',
    ],
    ['accepts without an answer', fault.body('{}', { status: 202 }), 'bad_answer', 'bad_answer'],
    ['has no content', fault.status(204, { body: '' }), 'bad_answer', 'bad_answer'],
    ['sends an empty body', fault.body(''), 'bad_answer', 'bad_answer'],
    ['sends an empty stream', fault.body('', { contentType: 'text/event-stream' }), 'bad_answer', 'broken_off'],
    [
      'sends only [DONE]',
      fault.body('data: [DONE]\n\n', { contentType: 'Text/Event-Stream' }),
      'bad_answer',
      'bad_answer',
    ],
    [
      'says nothing at great length',
      fault.body(': thinking\n\n'.repeat(2_000_000), { contentType: 'text/event-stream' }),
      'bad_answer',
      'bad_answer',
    ],
    ['names its stream plain text', fault.contentType('text/plain'), 'complete', 'bad_answer'],
    ['says 400', fault.status(400), 'rejected', 'rejected'],
    ['says 401', fault.status(401), 'refused_credentials', 'refused_credentials'],
    ['says 404', fault.status(404), 'unknown_upstream_model', 'unknown_upstream_model'],
    ['says 408', fault.status(408), 'timed_out', 'timed_out'],
    ['says 429', fault.status(429), 'rate_limited', 'rate_limited'],
    ['says 500', fault.status(500), 'upstream_error', 'upstream_error'],
    ['says 503 in HTML', fault.body('<h1>', { status: 503, contentType: 'text/html' }), 'overloaded', 'overloaded'],
    ['says 529', fault.status(529), 'overloaded', 'overloaded'],
    ['says 500 at great length', fault.status(500, { body: 'x'.repeat(1 << 20) }), 'upstream_error', 'upstream_error'],
  ])('and %s is named', async (_, given, whole, stream) => {
    upstream.always(given)
    expect([await outcome(attempt(false)), await outcome(attempt(true))]).toEqual([whole, stream])
    // Nothing of it stays: the next answer is in order.
    upstream.reset()
    expect(await outcome(attempt(true))).toBe('complete')
  })

  it('and refuses connections is unreachable', async () => {
    const closed = await startUpstream()
    await closed.stop()
    await expect(send(attempt(false, closed.baseUrl))).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('refused the connection'),
    })
  })

  it.each<[string, string[], FailureKind]>([
    ['is no HTTP', ['SSH-2.0-OpenSSH_9.2\r\n'], 'unreachable'],
    ['is no HTTP within its head', ['HTTP/1.1 200 OK\r\nno header\r\n\r\n'], 'unreachable'],
    [
      'sends more than it said',
      ['HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}{}'],
      'bad_answer',
    ],
    [
      'sends less than it said',
      ['HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{}'],
      'broken_off',
    ],
    [
      'sends broken chunks',
      ['HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
      'broken_off',
    ],
    ['sends endless headers', [`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}\r\n`], 'unreachable'],
    ['sends a body that is too deep', [withHead('application/json', '['.repeat(100_000))], 'bad_answer'],
    ['streams to a client that did not ask', [withHead('text/event-stream', 'data: {}\n\n')], 'bad_answer'],
  ])('and %s is named', async (_, pieces, kind) => {
    expect(await outcome(attempt(false, await raw(...pieces)))).toBe(kind)
  })

  it('in the packet of its head is not taken for an answer', async () => {
    const error = `data: ${JSON.stringify({ error: { message: 'busy', code: 503 } })}\n\n`
    await expect(send(attempt(true, await raw(withHead('text/event-stream', error))))).rejects.toMatchObject({
      kind: 'overloaded',
    })
  })

  it.each([
    ['2', 2000],
    ['1000000000', 300_000],
    ['0', undefined],
    ['-1', undefined],
    ['soon', undefined],
  ])('says with Retry-After: %s for how long', async (retryAfter, retryAfterMs) => {
    upstream.next(fault.status(429, { retryAfter }))
    const failure = await send(attempt(false)).catch(Failure.from)
    expect(failure).toMatchObject({ kind: 'rate_limited', retryAfterMs, upstreamStatus: 429 })
  })

  it('keeps its message, code and parameter, and the attempt its failure', async () => {
    upstream.next(fault.status(400, { body: { error: { message: 'no', code: 'odd', param: 'n' } } }))
    await expect(send(attempt(false))).rejects.toMatchObject({
      kind: 'rejected',
      code: 'odd',
      param: 'n',
      upstreamStatus: 400,
    })
  })
})

describe('a stream that has said that it is over', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
  const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
  const choice = (delta: object, reason: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`
  const over = head + chunked(`${choice({ content: 'x' }, null)}${choice({}, 'stop')}data: [DONE]\n\n`)

  it('is complete although its connection is cut behind that', async () => {
    expect(await outcome(attempt(true, await raw(over)))).toBe('complete')
  })

  it('is complete although its response never ends, and is let go of', async () => {
    let closed: Promise<unknown> | undefined
    const baseUrl = await rawServer(socket => {
      closed = once(socket, 'close')
      socket.write(over)
    })
    expect(await outcome(attempt(true, baseUrl))).toBe('complete')
    await closed
  })

  it('leaves its connection to later calls, also where a slow reader held it back', async () => {
    const sockets: Socket[] = []
    const baseUrl = await rawServer(socket => {
      sockets.push(socket)
      socket.write(head + chunked(choice({ content: 'x' }, null)))
    })
    const calls = 20
    for (let number = 0; number < calls; number++) {
      const answer = await send(attempt(true, baseUrl))
      const end = new Promise<End>(resolve =>
        answer.read({
          frame: () => {
            queueMicrotask(() => answer.resume())
            return false
          },
          end: resolve,
        }),
      )
      const socket = sockets.at(-1)
      socket?.write(chunked(`${choice({}, 'stop')}data: [DONE]\n\n`), () => socket.write('0\r\n\r\n'))
      expect((await end).outcome).toBe('complete')
      await turn()
    }
    expect(new Set(sockets).size).toBeLessThan(calls)
  })
})

describe('a cancellation closes the connection to the upstream', () => {
  it.each<[string, Fault, boolean]>([
    ['before the head', fault.hang(), false],
    ['before the head of a stream', fault.hang(), true],
    ['within a whole answer', fault.stall(), false],
    ['before the first content', fault.stall({ afterChunks: 0 }), true],
  ])('%s', async (_, given, streamed) => {
    upstream.next(given)
    const one = attempt(streamed)
    const answered = send(one)
    answered.catch(() => {})
    await upstream.arrived()
    one.cancellation.cancel(left)
    await expect(answered).rejects.toBe(left)
    await upstream.closedByClient()
  })

  it.each<[Failure, object]>([
    [left, { outcome: 'abandoned', failure: left }],
    [new Failure('timed_out', 'late'), { outcome: 'failed', failure: { kind: 'timed_out' } }],
  ])('within a stream, and tells how it ended', async (reason, end) => {
    upstream.next(fault.stall({ afterChunks: 2 }))
    const one = attempt(true)
    const answer = await send(one)
    const drained = drain(answer)
    one.cancellation.cancel(reason)
    expect((await drained).end).toMatchObject(end)
    await upstream.closedByClient()
  })

  it('while a slow reader holds it back', async () => {
    upstream.script({ answer: 'word '.repeat(200_000), chunks: 2000 })
    const one = attempt(true)
    const answer = await send(one)
    answer.read({ frame: () => false, end() {} })
    expect(answer.paused).toBe(true)
    one.cancellation.cancel(left)
    expect(answer.ended?.outcome).toBe('abandoned')
    await upstream.closedByClient()
  })

  it('and dials nobody when it came first', async () => {
    const one = attempt(true)
    one.cancellation.cancel(left)
    await expect(send(one)).rejects.toBe(left)
    expect(upstream.log).toEqual([])
  })

  it('as does a reader that leaves', async () => {
    upstream.next(fault.stall({ afterChunks: 2 }))
    const answer = await send(attempt(true))
    answer.abandon(left)
    await upstream.closedByClient()
  })
})

it('holds an upstream back while its reader is full, and loses nothing', async () => {
  const words = 'word '.repeat(100_000)
  upstream.script({ answer: words, chunks: 3000 })
  const answer = await send(attempt(true))
  let text = ''
  const end = await new Promise<End>(resolve =>
    answer.read({
      frame: frame => {
        for (const object of frame.objects) {
          const [choice] = (object as unknown as { choices: { delta: { content?: string } }[] }).choices
          text += choice?.delta.content ?? ''
        }
        setImmediate(() => answer.resume())
        return false
      },
      end: resolve,
    }),
  )
  expect(end.outcome).toBe('complete')
  expect(text).toBe(words)
})
