import { Answer } from '../../core/answer.ts'
import type { Attempt } from '../../core/call.ts'
import { Cancellation } from '../../core/cancellation.ts'
import type { Deployment } from '../../core/deployment.ts'
import { Failure } from '../../core/failure.ts'
import type { JsonObject } from '../../core/json.ts'
import { Secret } from '../../core/secret.ts'
import type { StreamReader } from '../protocol.ts'
import { anthropic } from './protocol.ts'

/** What the tests of this folder share. */
export const KEY = 'sk-ant-api03-very-secret-key'

/** A deployment of Claude 4.5, the last one that takes everything. */
export function deploymentOf(changes: Partial<Deployment> = {}): Deployment {
  return {
    id: 'd1',
    pool: 'claude',
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    baseUrl: 'https://api.anthropic.com',
    apiKey: new Secret(KEY),
    headers: {},
    defaults: {},
    parameters: { dropUnsupported: false, drop: [], allow: [] },
    selection: { tags: [], tagPatterns: [] },
    timeouts: {},
    health: {},
    price: undefined,
    limits: { supports: {} },
    info: {},
    ...changes,
  }
}

export function attemptOf(body: JsonObject, changes: Partial<Deployment> = {}): Attempt {
  const deployment = deploymentOf(changes)
  const record = { id: 'a1', number: 1, purpose: 'answer', deployment, decision: undefined, start: 0 } as const
  return {
    id: 'c1',
    pool: 'claude',
    request: { operation: 'chat', body: { model: 'claude', ...body }, streamed: body.stream === true },
    options: {},
    cancellation: new Cancellation(),
    deadline: 60_000,
    record: {
      startedAt: 1_700_000_000_500,
      start: 0,
      requestedPool: 'claude',
      attempts: [],
      decisions: [],
      fallbacks: 0,
      cost: 0n,
      unpriced: false,
    },
    emit: () => {},
    purpose: 'answer',
    deployment,
    number: 1,
    attempt: record,
  }
}

/** Events as the API writes them. */
export function sse(events: readonly JsonObject[]): Buffer {
  return Buffer.from(events.map(event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''))
}

/** What came of a stream: the answer, its chunks as a client parses them, and how it ended. */
export interface Streamed {
  readonly answer: Answer
  readonly chunks: readonly JsonObject[]
  readonly text: string
  readonly done: boolean
  readonly failure: Failure | undefined
}

/** Feeds the pieces to the reader as the transport would. */
export function stream(pieces: readonly Buffer[], body: JsonObject = {}, changes: Partial<Deployment> = {}): Streamed {
  const attempt = attemptOf({ messages: [{ role: 'user', content: 'hi' }], stream: true, ...body }, changes)
  const answer = new Answer(attempt.deployment, true, { pause() {}, resume() {}, abort() {} })
  const failure = feed(anthropic(attempt).readStream(answer), pieces)
  if (failure) answer.fail(failure)
  else answer.complete()
  let text = ''
  const chunks: JsonObject[] = []
  answer.read({
    frame(frame) {
      text += Buffer.from(frame.bytes).toString('utf8')
      chunks.push(...frame.objects)
      return true
    },
    end() {},
  })
  return { answer, chunks, text, done: text.endsWith('data: [DONE]\n\n'), failure }
}

function feed(reader: StreamReader, pieces: readonly Buffer[]): Failure | undefined {
  try {
    for (const piece of pieces) reader.chunk(piece)
  } catch (error) {
    return Failure.from(error)
  }
  return reader.end()
}
