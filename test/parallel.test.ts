import { afterEach, describe, expect, it } from 'vitest'
import type { AttemptLine, CallLine } from '../src/telemetry/index.ts'
import { type Fault, fault, seededRandom, type Upstream, type UpstreamRecord } from '../src/testing/index.ts'
import { crowd } from './support/crowd.ts'
import { billed, costOf, nano, type OracleRates } from './support/oracle.ts'
import { chat, JSON_HEADERS, open } from './support/raw.ts'
import { Stage } from './support/stage.ts'
import { modelList } from './support/yaml.ts'

const stage = new Stage()
afterEach(() => stage.clear())

const CALLS = 1000
const AT_ONCE = 200
const RATES: OracleRates = { input: 150_000_000n, output: 600_000_000n }

const FAULTS: readonly Fault[] = [
  fault.status(500),
  fault.status(503),
  fault.status(429, { retryAfter: '1' }),
  fault.reset(),
  fault.hangUp(),
  fault.garbage(),
  fault.cut('close', { afterChunks: 2 }),
  fault.cut('end', { afterChunks: 2 }),
  fault.streamError({ afterChunks: 3 }),
  fault.noUsage(),
]

const SETTINGS = `router_settings:
  num_retries: 2
  retry_after: 0
  disable_cooldowns: true
  fallbacks: [{fast: [spare]}]
`

/** How a client saw its call end: exactly one of these, or the call is lost. */
type Ending = 'whole' | 'refused' | 'done' | 'error-event' | 'left' | 'nothing'

interface Seen {
  readonly callId: string
  readonly ending: Ending
}

/** One call in ten meets a fault, of all sorts in turn. */
function disturb(upstream: Upstream, seed: number): void {
  const random = seededRandom(seed)
  for (const [index, what] of FAULTS.entries()) {
    upstream.when(() => random() < 0.1 / (FAULTS.length - index * 0.05), what)
  }
}

async function call(base: string, index: number): Promise<Seen> {
  const [path, body] = requestOf(index)
  const response = await open(`${base}${path}`, { headers: JSON_HEADERS, body: JSON.stringify(body) })
  const callId = String(response.headers['x-request-id'])
  let text = ''
  for await (const bytes of response) {
    text += String(bytes)
    // Every twentieth client leaves as soon as there is something.
    if (index % 20 === 8) {
      response.destroy()
      return { callId, ending: 'left' }
    }
  }
  return { callId, ending: endingOf(text, response.statusCode ?? 0, 'stream' in body) }
}

function requestOf(index: number): readonly [string, object] {
  const content = `call ${index} ${'word '.repeat(index % 30)}`
  if (index % 5 === 0) return ['/embeddings', { model: 'fast', input: content }]
  if (index % 5 === 1) return ['/completions', { model: 'fast', prompt: content }]
  if (index % 5 === 2) return ['/chat/completions', chat('fast', content)]
  return ['/chat/completions', chat('fast', content, { stream: true })]
}

function endingOf(text: string, status: number, stream: boolean): Ending {
  if (status !== 200) return JSON.parse(text).error ? 'refused' : 'nothing'
  if (!stream) return JSON.parse(text).object ? 'whole' : 'nothing'
  const done = text.split('data: [DONE]').length - 1
  const errors = text.split('data: {"error"').length - 1
  if (done + errors !== 1) return 'nothing'
  return done === 1 ? 'done' : 'error-event'
}

describe('many calls at once, with faults', () => {
  it('each has one end, one line and its true cost', async () => {
    const upstreams = [1, 2, 3].map(seed => ({
      seed,
      upstream: stage.upstream({ chunks: 6, chunkDelayMs: 10, usage: 'count' }),
    }))
    const entries = []
    const all: Upstream[] = []
    for (const { seed, upstream } of upstreams) {
      const started = await upstream
      disturb(started, seed)
      all.push(started)
      const pool = seed === 3 ? 'spare' : 'fast'
      entries.push({
        pool,
        baseUrl: started.baseUrl,
        input: '0.00000015',
        output: '0.0000006',
        params: { max_parallel_requests: 500 },
      })
    }
    const served = await stage.gateway(modelList(...entries) + SETTINGS)
    const seen = await crowd(Array.from({ length: CALLS }), AT_ONCE, (_, index) => call(served.baseUrl, index))
    await served.watch.ended(CALLS)
    const lines = await served.lines()
    expect(seen.filter(one => one.ending === 'nothing')).toEqual([])
    checkLines(lines, seen)
    checkCosts(
      lines,
      all.flatMap(upstream => upstream.log),
    )
    expect(served.watch.events.filter(event => event.type === 'attempt-start')).toHaveLength(
      served.watch.attemptEnds.length,
    )
  }, 180_000)
})

/** I3: one line per call, which tells the same end as its client saw. */
function checkLines(lines: readonly CallLine[], seen: readonly Seen[]): void {
  expect(lines.map(line => line.call_id).toSorted()).toEqual(seen.map(one => one.callId).toSorted())
  const statuses = new Map(lines.map(line => [line.call_id, line.status]))
  const expected: Readonly<Record<Ending, readonly string[]>> = {
    whole: ['ok'],
    done: ['ok'],
    refused: ['error'],
    'error-event': ['error'],
    // It may have been answered before it was seen to leave.
    left: ['aborted', 'ok', 'error'],
    nothing: [],
  }
  const wrong = seen.filter(({ callId, ending }) => !expected[ending].includes(statuses.get(callId) ?? ''))
  expect(wrong).toEqual([])
  for (const status of ['ok', 'error', 'aborted']) expect([...statuses.values()]).toContain(status)
}

/** I1: every answer that told its usage is charged exactly, and what did not is marked as an estimate or free. */
function checkCosts(lines: readonly CallLine[], log: readonly UpstreamRecord[]): void {
  const attempts = new Map(lines.flatMap(line => line.attempts.map(attempt => [attempt.id, attempt] as const)))
  expect(attempts.size).toBe(lines.reduce((sum, line) => sum + line.attempts.length, 0))
  expect(new Set(log.map(record => record.attemptId))).toEqual(new Set(attempts.keys()))
  const wrong = log.filter(record => !isRight(record, attempts.get(record.attemptId ?? '')))
  expect(wrong.map(({ attemptId, fault, usage }) => ({ attemptId, fault: fault?.name, usage }))).toEqual([])
  for (const line of lines) {
    const sum = line.attempts.reduce((total, attempt) => total + nano(attempt.cost_usd), 0n)
    expect(BigInt(line.cost_nano_usd ?? -1)).toBe(sum)
  }
  const exact = lines.filter(line => line.attempts.every(attempt => !attempt.estimated))
  expect(exact.length).toBeGreaterThan(CALLS / 2)
  expect(costOf(exact)).toBeGreaterThan(0n)
}

function isRight({ usage, operation }: UpstreamRecord, attempt: AttemptLine | undefined): boolean {
  if (!attempt) return false
  if (attempt.estimated) return attempt.cost_usd !== null
  if (attempt.status !== 'ok') return attempt.cost_usd === null || usage !== undefined
  if (!usage) return false
  const counted = operation === 'embedding' ? { ...usage, outputTokens: 0 } : usage
  return nano(attempt.cost_usd) === billed(RATES, counted)
}
