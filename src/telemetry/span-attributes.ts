import type { AttributeValue } from '@opentelemetry/api'
import type { Attempt, AttemptRecord, Call, Outcome } from '../core/call.ts'
import { callCharge } from '../core/charge.ts'
import type { Considered, Decision } from '../core/decision.ts'
import { type Deployment, deploymentName } from '../core/deployment.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { DEFAULT_LOGGING, type LoggingRules } from '../core/logging.ts'
import type { Usage } from '../core/usage.ts'
import { isCostUnknown } from './call-line.ts'
import { dollars, dollarsText, dollarsTo8Decimals, exactInteger, roundMs, seconds } from './figures.ts'
import { type AttributeName, operationName, providerName } from './names.ts'

/**
 * What a span says. Names are written out where attributes are made, and checked against `names.ts` by this type: an object
 * that gets its members by literal names stays a fast one, where names from variables turn it into a hash table after 16
 * members. Exporting the latter takes half as long again (33 and 22 µs a call).
 */
export type SpanAttributes = { [Name in AttributeName]?: AttributeValue }

/** What a sampler may ask for: the conventions want it there when a span begins. */
export function samplingAttributes({ request, pool }: Call): SpanAttributes {
  return { 'gen_ai.operation.name': operationName(request.operation), 'gen_ai.request.model': pool }
}

/** What is known of a call when it has ended, all attempts together. */
export function callAttributes(
  call: Call,
  outcome: Outcome,
  { keys }: Pick<LoggingRules, 'keys'> = DEFAULT_LOGGING,
): SpanAttributes {
  const { record, request } = call
  const { tags, sessionId, caller } = call.options
  const attributes: SpanAttributes = {
    'gen_ai.operation.name': operationName(request.operation),
    'gen_ai.request.model': call.pool,
    'gen_ai.request.stream': request.streamed,
    'tollgate.call.id': call.id,
    'tollgate.call.pool': record.requestedPool,
    'tollgate.call.outcome': outcome,
    'tollgate.call.attempts': record.attempts.length,
    'tollgate.call.fallbacks': record.fallbacks,
    'tollgate.cost.unpriced': record.unpriced,
  }
  if (call.purpose !== 'answer') attributes['tollgate.attempt.purpose'] = call.purpose
  if (sessionId !== undefined) attributes['gen_ai.conversation.id'] = sessionId
  if (tags && tags.length > 0) attributes['tollgate.call.tags'] = [...tags]
  if (caller && keys) attributes['tollgate.call.key_id'] = caller.keyId
  if (!isCostUnknown(record)) attributes['tollgate.call.cost.nano_usd'] = exactInteger(record.cost)
  const charge = callCharge(record.attempts)
  if (charge) attributes['tollgate.call.charged.nano_usd'] = exactInteger(charge.total)
  return attributes
}

/** What is known of a deployment for good. Reckoned once per deployment by whoever asks often. */
export function deploymentAttributes(deployment: Deployment): SpanAttributes {
  const attributes: SpanAttributes = {
    'llm.provider': deployment.provider,
    'llm.model': deployment.model,
    'gen_ai.provider.name': providerName(deployment.provider),
    'gen_ai.request.model': deployment.model,
    'tollgate.deployment.id': deployment.id,
    'tollgate.pool': deployment.pool,
  }
  const { baseUrl } = deployment
  const { hostname, port, protocol } = URL.canParse(baseUrl) ? new URL(baseUrl) : NO_URL
  if (hostname === '') return attributes
  const standard = protocol === 'http:' ? 80 : 443
  attributes['server.address'] = hostname
  attributes['server.port'] = port === '' ? standard : Number(port)
  return attributes
}

const NO_URL = { hostname: '', port: '', protocol: '' }

/** What is told beside an attempt that has ended. */
export interface AttemptFacts {
  /** The attributes of its deployment, which are among its own. */
  readonly about: SpanAttributes
  /** Moves to another pool before it. A decision's own `because` also tells of tiers and classes, which are no fallbacks. */
  readonly fallbacks: number
}

/** All that is known of an attempt when it has ended. */
export function attemptAttributes(call: Attempt, { about, fallbacks }: AttemptFacts): SpanAttributes {
  const { attempt, deployment, request } = call
  const attributes: SpanAttributes = {
    'llm.provider': deployment.provider,
    'llm.model': deployment.model,
    'gen_ai.provider.name': about['gen_ai.provider.name'] ?? '',
    'gen_ai.request.model': deployment.model,
    'tollgate.deployment.id': deployment.id,
    'tollgate.pool': deployment.pool,
    'llm.routing_strategy': call.options.strategyLabel ?? attempt.decision?.strategy ?? 'none',
    'gen_ai.operation.name': operationName(request.operation),
    'gen_ai.request.stream': request.streamed,
    'tollgate.call.id': call.id,
    'tollgate.attempt.number': call.number,
    'tollgate.attempt.purpose': attempt.purpose,
    'tollgate.fallback': attempt.purpose === 'answer' && fallbacks > 0,
  }
  if (about['server.address'] !== undefined) attributes['server.address'] = about['server.address']
  if (about['server.port'] !== undefined) attributes['server.port'] = about['server.port']
  addRequest(attributes, request.body)
  addResult(attributes, attempt)
  return attributes
}

function addRequest(attributes: SpanAttributes, body: JsonObject): void {
  const { temperature, top_p, top_k, seed, frequency_penalty, presence_penalty, n } = body
  const maxTokens = typeof body.max_completion_tokens === 'number' ? body.max_completion_tokens : body.max_tokens
  if (typeof temperature === 'number') attributes['gen_ai.request.temperature'] = temperature
  if (typeof top_p === 'number') attributes['gen_ai.request.top_p'] = top_p
  if (typeof top_k === 'number') attributes['gen_ai.request.top_k'] = top_k
  if (typeof maxTokens === 'number') attributes['gen_ai.request.max_tokens'] = maxTokens
  if (typeof seed === 'number') attributes['gen_ai.request.seed'] = seed
  if (typeof frequency_penalty === 'number') attributes['gen_ai.request.frequency_penalty'] = frequency_penalty
  if (typeof presence_penalty === 'number') attributes['gen_ai.request.presence_penalty'] = presence_penalty
  if (typeof n === 'number' && n !== 1) attributes['gen_ai.request.choice.count'] = n
  const stop = stopSequences(body.stop)
  if (stop.length > 0) attributes['gen_ai.request.stop_sequences'] = stop
  const format = body.response_format
  if (format !== null && typeof format === 'object') attributes['gen_ai.output.type'] = outputType(format)
}

const NO_STOPS: string[] = []

function stopSequences(stop: Json | undefined): string[] {
  if (typeof stop === 'string') return [stop]
  return Array.isArray(stop) ? stop.filter(each => typeof each === 'string') : NO_STOPS
}

function outputType(format: Json): string {
  return JSON.stringify(format).includes('json') ? 'json' : 'text'
}

/** What an attempt came to. Sums over these count every token and every nano-dollar once. */
function addResult(attributes: SpanAttributes, record: AttemptRecord): void {
  const { usage, cost, start, endedAt, firstAt, outcome } = record
  if (endedAt !== undefined) attributes['llm.latency_ms'] = roundMs(endedAt - start)
  if (outcome) attributes['tollgate.attempt.outcome'] = outcome
  if (firstAt !== undefined) attributes['gen_ai.response.time_to_first_chunk'] = seconds(firstAt - start)
  if (record.responseId !== undefined) attributes['gen_ai.response.id'] = record.responseId
  if (record.model !== undefined) attributes['gen_ai.response.model'] = record.model
  if (record.finishReason !== undefined) attributes['gen_ai.response.finish_reasons'] = [record.finishReason]
  if (record.droppedParameters) attributes['tollgate.dropped_params'] = [...record.droppedParameters]
  if (usage) addUsage(attributes, usage)
  // What used nothing, such as a 429, costs nothing at any price.
  attributes['tollgate.cost.unpriced'] = usage !== undefined && (cost === undefined || record.isLowerBound === true)
  if (cost === undefined) return
  // Eight decimals, as the dashboards of the first scenario expect; the exact figure stands beside it.
  attributes['llm.cost_usd'] = dollarsTo8Decimals(cost)
  attributes['tollgate.cost.nano_usd'] = exactInteger(cost)
  attributes['gen_ai.usage.cost.amount'] = dollars(cost)
  attributes['gen_ai.usage.cost.currency'] = 'USD'
  attributes['gen_ai.usage.cost.source'] = 'local'
}

function addUsage(attributes: SpanAttributes, usage: Usage): void {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens, reasoningTokens } = usage
  attributes['llm.input_tokens'] = inputTokens
  attributes['llm.output_tokens'] = outputTokens
  attributes['gen_ai.usage.input_tokens'] = inputTokens
  attributes['gen_ai.usage.output_tokens'] = outputTokens
  attributes['tollgate.usage.estimated'] = usage.estimated === true
  if (cacheReadTokens !== undefined) attributes['gen_ai.usage.cache_read.input_tokens'] = cacheReadTokens
  if (cacheWriteTokens !== undefined || cacheWrite1hTokens !== undefined)
    attributes['gen_ai.usage.cache_write.input_tokens'] = (cacheWriteTokens ?? 0) + (cacheWrite1hTokens ?? 0)
  if (reasoningTokens !== undefined) attributes['gen_ai.usage.reasoning.output_tokens'] = reasoningTokens
}

/** A decision, with every candidate's score or the reason why it was none. */
export function decisionAttributes(decision: Decision, call: Call): SpanAttributes {
  const attributes: SpanAttributes = {
    'tollgate.call.id': call.id,
    'tollgate.pool': decision.pool,
    'tollgate.route.strategy': decision.strategy,
    'llm.routing_strategy': call.options.strategyLabel ?? decision.strategy,
    'tollgate.route.chosen': deploymentName(decision.chosen),
    'tollgate.route.chosen_id': decision.chosen.id,
    'tollgate.route.reason': decision.reason,
  }
  if (decision.because !== undefined) attributes['tollgate.route.because'] = decision.because
  if (decision.considered.length > 0)
    attributes['tollgate.route.candidates'] = `[${decision.considered.map(candidateText).join()}]`
  if (decision.untold) attributes['tollgate.route.untold'] = decision.untold
  const { classification } = call.record
  if (!classification) return attributes
  attributes['tollgate.classification.task'] = classification.task
  attributes['tollgate.classification.by'] = classification.by
  attributes['tollgate.classification.reason'] = classification.reason
  if (classification.confidence !== undefined)
    attributes['tollgate.classification.confidence'] = classification.confidence
  return attributes
}

const candidateTexts = new WeakMap<Deployment, string>()

/** What was thought of a deployment, as JSON. Put together of texts: of a sampled call's own work the objects were the dearest part. */
function candidateText({ deployment, excluded, score, note, estimate }: Considered): string {
  let text = candidateTexts.get(deployment)
  if (text === undefined) {
    text = `{"id":${JSON.stringify(deployment.id)},"name":${JSON.stringify(deploymentName(deployment))}`
    candidateTexts.set(deployment, text)
  }
  if (excluded !== undefined) text += `,"excluded":${JSON.stringify(excluded)}`
  if (score !== undefined) text += `,"score":${Number.isFinite(score) ? score : null}`
  if (note !== undefined) text += `,"note":${JSON.stringify(note)}`
  return estimate?.cost === undefined ? `${text}}` : `${text},"estimated_cost_usd":${dollarsText(estimate.cost)}}`
}
