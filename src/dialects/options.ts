import type { CallOptions, Fallback, FallbackTable } from '../core/call.ts'
import { Failure } from '../core/failure.ts'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { keepaliveMs } from '../core/keepalive.ts'
import { CONTROL_KEYS } from './control-keys.ts'
import { checkMembers, MAX_NAME } from './validate.ts'

/** Request headers, lower case, as Node gives them. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

type Draft = { -readonly [K in keyof CallOptions]: CallOptions[K] }

/** What a request asks of the router: by headers first, then by LiteLLM's body members. */
export function readOptions(body: JsonObject, headers: RequestHeaders): CallOptions {
  const options: Draft = {}
  readHeaders(options, headers)
  readLimits(options, body)
  readFallbacks(options, body)
  readAbout(options, body)
  return options
}

function readHeaders(options: Draft, headers: RequestHeaders): void {
  set(options, 'traceparent', header(headers, 'traceparent'))
  set(options, 'tracestate', header(headers, 'tracestate'))
  set(options, 'userAgent', header(headers, 'user-agent'))
  if (header(headers, 'x-litellm-enable-message-redaction')?.toLowerCase() === 'true') options.redactMessages = true
  set(options, 'disabledCallbacks', words(header(headers, 'x-litellm-disable-callbacks')))
  set(options, 'sessionId', header(headers, 'x-litellm-session-id') ?? header(headers, 'x-litellm-trace-id'))
  set(options, 'retries', numeric(headers, 'x-litellm-num-retries'))
  set(options, 'timeoutMs', inMs(numeric(headers, 'x-litellm-timeout')))
  set(options, 'firstTokenMs', inMs(numeric(headers, 'x-litellm-stream-timeout')))
  const keepalive = numeric(headers, 'x-litellm-keepalive-seconds')
  if (keepalive) options.keepaliveMs = keepaliveMs(keepalive)
  set(options, 'tags', words(header(headers, 'x-litellm-tags')))
}

function readLimits(options: Draft, body: JsonObject): void {
  if (typeof body.num_retries === 'number') options.retries ??= body.num_retries
  if (typeof body.timeout === 'number') options.timeoutMs ??= body.timeout * 1000
  if (typeof body.stream_timeout === 'number') options.firstTokenMs ??= body.stream_timeout * 1000
  if (typeof body.max_fallbacks === 'number') options.maxFallbacks = body.max_fallbacks
  if (typeof body.priority === 'number') options.priority = body.priority
}

function readFallbacks(options: Draft, body: JsonObject): void {
  if (body.disable_fallbacks === true || body.fallbacks === null) options.disableFallbacks = true
  if (Array.isArray(body.fallbacks)) options.fallbacks = body.fallbacks.map(readFallback)
  set(options, 'contextWindowFallbacks', readTable(body.context_window_fallbacks, 'context_window_fallbacks'))
  set(options, 'contentPolicyFallbacks', readTable(body.content_policy_fallbacks, 'content_policy_fallbacks'))
}

function readFallback(value: Json, index: number): Fallback {
  const param = `fallbacks[${index}]`
  const name = isObject(value) ? value.model : value
  if (typeof name === 'string' && name.length > MAX_NAME)
    throw new Failure('invalid_request', `'${param}' must not name a pool of more than ${MAX_NAME} characters`, {
      param,
    })
  if (typeof value === 'string' && value !== '') return { pool: value }
  if (isObject(value) && typeof value.model === 'string') {
    const replace = replacements(value, param)
    return Object.keys(replace).length > 0 ? { pool: value.model, replace } : { pool: value.model }
  }
  throw new Failure('invalid_request', `'${param}' must be a pool's name or an object with 'model'`, { param })
}

/** Whether the client reads a stream is settled before any fallback. */
const KEPT_FROM_REQUEST: ReadonlySet<string> = new Set(['model', 'stream', '__proto__'])

/** What a fallback puts in the place of the request's own members: nothing that a request itself may not say. */
function replacements(target: JsonObject, param: string): JsonObject {
  checkMembers(target, `${param}.`)
  const replace: Record<string, Json | undefined> = {}
  for (const name in target) {
    if (!KEPT_FROM_REQUEST.has(name) && !CONTROL_KEYS.has(name)) replace[name] = target[name]
  }
  return replace
}

/** LiteLLM's `[{pool: [targets]}]`. */
function readTable(value: Json | undefined, param: string): FallbackTable | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value))
    throw new Failure('invalid_request', `'${param}' must be a list of {pool: [pools]}`, { param })
  const table: Record<string, readonly Fallback[]> = Object.create(null)
  for (const entry of value) {
    if (!isObject(entry))
      throw new Failure('invalid_request', `'${param}' must be a list of {pool: [pools]}`, { param })
    for (const pool in entry) {
      const targets = entry[pool]
      table[pool] = (Array.isArray(targets) ? targets : [targets ?? null]).map(readFallback)
    }
  }
  return table
}

function readAbout(options: Draft, body: JsonObject): void {
  const metadata = isObject(body.metadata) ? body.metadata : body.litellm_metadata
  if (isObject(metadata)) {
    options.metadata = metadata
    if (typeof metadata.session_id === 'string') options.sessionId ??= metadata.session_id
    if (typeof metadata.routing_strategy === 'string') options.strategyLabel = metadata.routing_strategy
  }
  const tags = [...texts(body.tags), ...texts(isObject(metadata) ? metadata.tags : undefined)]
  if (tags.length > 0) options.tags = [...new Set([...(options.tags ?? []), ...tags])]
  if (typeof body.allowed_model_region === 'string') options.allowedRegion = body.allowed_model_region
  if (body['no-log'] === true) options.noLog = true
  if (body.specific_deployment === true) options.specificDeployment = true
  const mock = readMock(body)
  if (mock) options.mock = mock
}

function readMock(body: JsonObject): JsonObject | undefined {
  let mock: Record<string, Json | undefined> | undefined
  for (const name in body) {
    if (!name.startsWith('mock_')) continue
    mock ??= {}
    mock[name] = body[name]
  }
  return mock
}

function set<K extends keyof Draft>(options: Draft, name: K, value: Draft[K] | undefined): void {
  if (value !== undefined) options[name] = value
}

function header(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** A list with commas. */
function words(text: string | undefined): string[] | undefined {
  if (!text) return undefined
  return text
    .split(',')
    .map(word => word.trim())
    .filter(Boolean)
}

function numeric(headers: RequestHeaders, name: string): number | undefined {
  const value = header(headers, name)
  if (value === undefined) return undefined
  const read = Number(value)
  if (value.trim() === '' || !Number.isFinite(read) || read < 0) {
    throw new Failure('invalid_request', `the header ${name} must be a number of at least 0`, { param: name })
  }
  return read
}

function inMs(value: number | undefined): number | undefined {
  return value === undefined || value === 0 ? undefined : value * 1000
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}
