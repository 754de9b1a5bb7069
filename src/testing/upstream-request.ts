import type { IncomingHttpHeaders } from 'node:http'
import { isObject, type Json, type JsonObject } from '../core/json.ts'

/** What a request asks of an upstream. `other` is a path that the upstream does not serve. */
export type UpstreamOperation = 'chat' | 'completion' | 'embedding' | 'messages' | 'models' | 'health' | 'other'

/** One request as the upstream read it. Predicates and answer functions are given this. */
export interface UpstreamRequest {
  /** Counts from 1 in order of arrival; `reset()` starts anew. */
  readonly number: number
  readonly method: string
  /** With its query, as it stood in the request line. */
  readonly path: string
  readonly operation: UpstreamOperation
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders
  /** The parsed body; empty when there was none or when it was no JSON object. */
  readonly body: JsonObject
  /** The body as it came. */
  readonly bytes: Buffer
  /** The model asked for, which is also the one that answers name; the first of the list when the body names none. */
  readonly model: string
  /** Whether the body asks for a stream. */
  readonly streamed: boolean
  /** The messages of a chat; empty for other operations. */
  readonly messages: readonly JsonObject[]
  /** The text of the last user message, or the prompt or input of operations without messages. */
  readonly prompt: string
}

/** The parts of a request that the HTTP server hands over. */
export interface RawRequest {
  readonly number: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly defaultModel: string
}

/** Understands a request. A body that is no JSON object gives an empty one; the answer will complain about it. */
export function readRequest(raw: RawRequest): UpstreamRequest {
  const { defaultModel, ...facts } = raw
  const body = parseObject(raw.bytes)
  const messages = listOf(body.messages).filter(isObject)
  return {
    ...facts,
    operation: operationOf(raw.method, raw.path),
    body,
    model: typeof body.model === 'string' ? body.model : defaultModel,
    streamed: body.stream === true,
    messages,
    prompt: promptOf(body, messages),
  }
}

/** The value when it is an array; else an empty one. */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

/** All texts that the request puts before the model: what `usage: 'count'` counts. */
export function promptTexts(request: UpstreamRequest): readonly string[] {
  const { body, messages } = request
  return [
    textOf(body.system),
    ...messages.map(message => textOf(message.content)),
    ...textsOf(body.prompt ?? body.input),
  ]
}

/** The texts of a value that is a string or a list of strings, as `prompt` and `input` are. */
export function textsOf(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value]
  return listOf(value).map(item => (typeof item === 'string' ? item : JSON.stringify(item)))
}

function parseObject(bytes: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** Ends of paths, so that any prefix (`/v1`, `/openai/v1`, `/openai/deployments/x`) leads to the same place. */
const POSTS: readonly (readonly [string, UpstreamOperation])[] = [
  ['/chat/completions', 'chat'],
  ['/completions', 'completion'],
  ['/embeddings', 'embedding'],
  ['/messages', 'messages'],
]
const GETS: readonly (readonly [string, UpstreamOperation])[] = [
  ['/models', 'models'],
  ['/health', 'health'],
]

function operationOf(method: string, path: string): UpstreamOperation {
  const query = path.indexOf('?')
  const plain = query === -1 ? path : path.slice(0, query)
  const routes = method === 'POST' ? POSTS : method === 'GET' ? GETS : []
  return routes.find(([end]) => plain.endsWith(end))?.[1] ?? 'other'
}

function promptOf(body: JsonObject, messages: readonly JsonObject[]): string {
  const last = messages.findLast(message => message.role === 'user')
  if (last) return textOf(last.content)
  return textsOf(body.prompt ?? body.input)[0] ?? ''
}

/** The text of a message's content: a string, or the text parts of a list joined by line feeds. */
function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .filter(isObject)
    .map(part => part.text)
    .filter(text => typeof text === 'string')
    .join('\n')
}
