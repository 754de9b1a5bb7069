import type { Deployment, MockSettings } from '../../core/deployment.ts'
import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Request } from '../../core/request.ts'
import type { Usage } from '../../core/usage.ts'
import { readUsage } from '../openai/usage.ts'
import { STREAM_ERROR } from './failures.ts'

/** What a mocked deployment says. */
export interface MockAnswer {
  readonly id: string
  readonly model: string
  readonly text: string
  readonly toolCalls: readonly JsonObject[]
  readonly finishReason: string
  readonly usage: Usage
  /** A whole body given by the operator. */
  readonly body?: JsonObject
  readonly breaksOff: boolean
}

const QUOTED = 40
const DIMENSIONS = 8

/** The answer to a request: what is configured, else one that quotes the first 40 characters of the prompt. */
export function mockAnswer(request: Request, deployment: Deployment, settings: MockSettings): MockAnswer {
  const prompt = lastText(request)
  const breaksOff = settings.response === STREAM_ERROR
  const text =
    typeof settings.response === 'string' && !breaksOff
      ? settings.response
      : `Mock answer to: "${prompt.slice(0, QUOTED)}"`
  const toolCalls = settings.toolCalls ?? []
  return {
    id: `mock-${deployment.id.slice(0, 12)}`,
    model: deployment.model,
    text,
    toolCalls,
    finishReason: toolCalls.length > 0 ? 'tool_calls' : 'stop',
    usage: (isObject(settings.response) && readUsage(settings.response.usage, request.operation)) || {
      inputTokens: tokens(allText(request)),
      outputTokens: request.operation === 'embedding' ? 0 : tokens(text),
    },
    ...(isObject(settings.response) && { body: settings.response }),
    breaksOff,
  }
}

export function wholeBody(request: Request, answer: MockAnswer): JsonObject {
  if (answer.body) return answer.body
  const head = { id: answer.id, created: 0, model: answer.model }
  const usage = usageBody(answer.usage)
  if (request.operation === 'embedding')
    return { object: 'list', data: embeddings(request), model: answer.model, usage }
  if (request.operation === 'completion') {
    const choice = { index: 0, text: answer.text, finish_reason: answer.finishReason, logprobs: null }
    return { ...head, object: 'text_completion', choices: [choice], usage }
  }
  const message = {
    role: 'assistant',
    content: answer.toolCalls.length > 0 ? null : answer.text,
    ...(answer.toolCalls.length > 0 && { tool_calls: answer.toolCalls }),
  }
  return {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: answer.finishReason }],
    usage,
  }
}

export function streamChunks(request: Request, answer: MockAnswer): JsonObject[] {
  const chat = request.operation === 'chat'
  const head = {
    id: answer.id,
    object: chat ? 'chat.completion.chunk' : 'text_completion',
    created: 0,
    model: answer.model,
  }
  const chunk = (delta: JsonObject, finish: string | null): JsonObject => ({
    ...head,
    choices: [{ index: 0, ...(chat ? { delta } : { text: delta.content ?? '' }), finish_reason: finish }],
  })
  const words = answer.toolCalls.length > 0 ? [] : answer.text.split(/(?<= )/)
  const calls = answer.toolCalls.map((call, index) => ({ index, ...call }))
  const said = answer.breaksOff ? words.slice(0, 1) : words
  const chunks = [
    ...(chat ? [chunk({ role: 'assistant', content: '' }, null)] : []),
    ...said.map(content => chunk({ content }, null)),
    ...(calls.length > 0 ? [chunk({ tool_calls: calls }, null)] : []),
  ]
  if (answer.breaksOff) return chunks
  chunks.push(chunk({}, answer.finishReason))
  if (wantsUsage(request)) chunks.push({ ...head, choices: [], usage: usageBody(answer.usage) })
  return chunks
}

function wantsUsage({ body }: Request): boolean {
  return isObject(body.stream_options) && body.stream_options.include_usage === true
}

function usageBody({ inputTokens, outputTokens }: Usage): JsonObject {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens }
}

function embeddings({ body }: Request): JsonObject[] {
  const count = Array.isArray(body.input) && typeof body.input[0] !== 'number' ? body.input.length : 1
  return Array.from({ length: count }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: embedding(body, index),
  }))
}

function embedding(body: JsonObject, index: number): string | number[] {
  const values = Array.from({ length: DIMENSIONS }, (_, at) => 1 / (at + index + 1))
  return body.encoding_format === 'base64' ? Buffer.from(new Float32Array(values).buffer).toString('base64') : values
}

/** About four characters a token, as a rule of thumb has it for English. */
function tokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4))
}

function lastText({ body }: Request): string {
  const message = Array.isArray(body.messages)
    ? body.messages.findLast(item => isObject(item) && item.role === 'user')
    : undefined
  return textOf(isObject(message) ? message.content : (body.prompt ?? body.input))
}

function allText({ body }: Request): string {
  if (!Array.isArray(body.messages)) return textOf(body.prompt ?? body.input)
  return body.messages.map(message => (isObject(message) ? textOf(message.content) : '')).join(' ')
}

function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map(part => (typeof part === 'string' ? part : isObject(part) && typeof part.text === 'string' ? part.text : ''))
    .join(' ')
}
