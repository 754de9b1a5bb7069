import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../core/clock.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import type { Behaviour } from './behaviour.ts'
import {
  answerDelivery,
  type Delivery,
  type DeliveryBase,
  disturb,
  errorDelivery,
  insteadDelivery,
  streamDelivery,
  wholeDelivery,
} from './delivery.ts'
import type { UpstreamDialect, UpstreamError } from './dialect.ts'
import type { Fault } from './fault.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiCompletion } from './openai-completion.ts'
import { openaiEmbedding } from './openai-embedding.ts'
import { composeAnswer, type ScriptedAnswer } from './scripted-answer.ts'
import type { OpenRecord } from './upstream-record.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** What an answer is made from. */
export interface Exchange {
  readonly record: OpenRecord
  readonly behaviour: Behaviour
  readonly fault: Fault | undefined
  readonly clock: Clock
}

const dialects: Readonly<Partial<Record<UpstreamRequest['operation'], UpstreamDialect>>> = {
  chat: openaiChat,
  completion: openaiCompletion,
  embedding: openaiEmbedding,
  messages: anthropicMessages,
}

/** Reads a whole body. */
export function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.once('error', reject)
    incoming.once('end', () => {
      const first = chunks[0]
      resolve(first && chunks.length === 1 ? first : Buffer.concat(chunks))
    })
  })
}

/** Decides what goes over the wire for a request, faults included. */
export async function deliveryFor(exchange: Exchange): Promise<Delivery> {
  const { record, behaviour, fault } = exchange
  const dialect = dialects[record.operation] ?? openaiChat
  const headers = { [dialect.requestIdHeader]: `req_mock_${record.number}`, ...behaviour.headers }
  const base: DeliveryBase = { headers, headDelayMs: behaviour.latencyMs }
  if (fault?.kind === 'instead') return insteadDelivery(base, dialect, fault)
  if (record.operation === 'health') return json(base, { status: 'ok' })
  if (record.operation === 'models') return json(base, modelList(behaviour.models))
  if (record.operation === 'other') return notFound(base, record)
  const refusal = isUnreadable(record) ? UNREADABLE : dialect.check(record)
  if (refusal) return errorDelivery(base, dialect, refusal)
  return disturb(await answer(exchange, dialect, base), fault)
}

/** Sends the answer to a request that cannot be understood. */
export function refuse(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(500, { 'content-type': 'application/json' })
  response.end(JSON.stringify(openaiChat.error({ status: 500, type: 'mock_error', message: `The mock: ${message}` })))
}

const UNREADABLE: UpstreamError = {
  status: 400,
  type: 'invalid_request_error',
  message: 'We could not parse the JSON body of your request: the API expects a JSON object.',
}

function isUnreadable({ body, bytes }: UpstreamRequest): boolean {
  return Object.keys(body).length === 0 && bytes.toString('utf8').replaceAll(/\s/g, '') !== '{}'
}

async function answer(exchange: Exchange, dialect: UpstreamDialect, base: DeliveryBase): Promise<Delivery> {
  const { record, behaviour, fault, clock } = exchange
  const script = behaviour.answer
  const said = typeof script === 'function' ? await script(record) : script
  const answer = composeAnswer(record, distorted(said, fault), withFault(behaviour, fault))
  record.counted = answer.usage
  const withheld = fault?.kind === 'without' && fault.what === 'usage'
  const material = {
    request: record,
    answer,
    usage: withheld ? undefined : answer.usage,
    createdS: Math.floor(clock.now() / 1000),
    dimensions: behaviour.dimensions,
  }
  if (!record.streamed || !dialect.stream) return answerDelivery(base, dialect, { material, fault })
  const tellsUsage = !withheld && dialect.streamsUsage(record)
  return streamDelivery(base, dialect, { events: dialect.stream(material), behaviour, fault, tellsUsage })
}

/** Faults that need something special to be said: a long line, or characters to cut in two. */
function distorted(said: string | ScriptedAnswer, fault: Fault | undefined): string | ScriptedAnswer {
  const answer = typeof said === 'string' ? { text: said } : said
  const text = answer.text ?? ''
  if (fault?.kind === 'long-line') return { ...answer, text: text.padEnd(fault.bytes, ' and so on') }
  if (fault?.kind !== 'cut' || fault.inside !== 'character') return said
  return { ...answer, text: text.replaceAll(/\S+/g, word => `€${word}`) }
}

function withFault(behaviour: Behaviour, fault: Fault | undefined): Pick<Behaviour, 'usage' | 'chunks'> {
  if (fault?.kind === 'long-line') return { usage: behaviour.usage, chunks: 1 }
  if (fault?.kind === 'cut' && fault.inside === 'character') return { usage: behaviour.usage, chunks: undefined }
  return behaviour
}

function json(base: DeliveryBase, body: object): Delivery {
  return wholeDelivery({ ...base, headDelayMs: 0 }, 200, Buffer.from(JSON.stringify(body)))
}

function modelList(models: readonly string[]): object {
  return { object: 'list', data: models.map(id => ({ id, object: 'model', created: 0, owned_by: 'mock' })) }
}

function notFound(base: DeliveryBase, { method, path }: UpstreamRequest): Delivery {
  const message = `Unknown request URL: ${method} ${path}. The mock serves chat/completions, completions, embeddings, messages, models and health.`
  const error = { status: 404, type: 'invalid_request_error', message, code: 'unknown_url' }
  return errorDelivery({ ...base, headDelayMs: 0 }, openaiChat, error)
}
