import type { Attributes } from '@opentelemetry/api'
import type { Attempt, AttemptRecord, Call, CallRecord, Outcome } from '../core/call.ts'
import { callCharge } from '../core/charge.ts'
import type { Considered, Decision } from '../core/decision.ts'
import { type Deployment, deploymentName } from '../core/deployment.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { DEFAULT_LOGGING, type LoggingRules } from '../core/logging.ts'
import type { NanoUsd } from '../core/money.ts'
import type { Usage } from '../core/usage.ts'
import { isCostUnknown } from './call-line.ts'
import { dollars, dollarsTo8Decimals, exactInteger, roundMs, seconds } from './figures.ts'
import { GEN_AI, LLM, operationName, providerName, SERVER_ADDRESS, SERVER_PORT, TOLLGATE } from './names.ts'

/** What a sampler may ask for: the conventions want it there when a span begins. */
export function samplingAttributes({ request, pool }: Call): Attributes {
  return { [GEN_AI.operation]: operationName(request.operation), [GEN_AI.requestModel]: pool }
}

/** What else is known of a call when it starts. */
export function callAttributes(call: Call, { keys }: Pick<LoggingRules, 'keys'> = DEFAULT_LOGGING): Attributes {
  const { tags, sessionId, caller } = call.options
  return {
    [GEN_AI.requestStream]: call.request.streamed,
    [TOLLGATE.callId]: call.id,
    [TOLLGATE.callPool]: call.record.requestedPool,
    ...(call.purpose !== 'answer' && { [TOLLGATE.attemptPurpose]: call.purpose }),
    ...(sessionId !== undefined && { [GEN_AI.conversation]: sessionId }),
    ...(tags && tags.length > 0 && { [TOLLGATE.callTags]: [...tags] }),
    ...(caller && keys && { [TOLLGATE.callKeyId]: caller.keyId }),
  }
}

/** What is known of a deployment for good. Reckoned once per deployment by whoever asks often. */
export function deploymentAttributes(deployment: Deployment): Attributes {
  return {
    [LLM.provider]: deployment.provider,
    [LLM.model]: deployment.model,
    [GEN_AI.provider]: providerName(deployment.provider),
    [GEN_AI.requestModel]: deployment.model,
    [TOLLGATE.deploymentId]: deployment.id,
    [TOLLGATE.pool]: deployment.pool,
    ...serverAttributes(deployment.baseUrl),
  }
}

function serverAttributes(baseUrl: string): Attributes {
  if (!URL.canParse(baseUrl)) return {}
  const { hostname, port, protocol } = new URL(baseUrl)
  if (!hostname) return {}
  const standard = protocol === 'http:' ? 80 : 443
  return { [SERVER_ADDRESS]: hostname, [SERVER_PORT]: port === '' ? standard : Number(port) }
}

/** What is known of an attempt when it starts, beside its deployment. */
export function attemptAttributes(attempt: Attempt): Attributes {
  return {
    [LLM.strategy]: attempt.options.strategyLabel ?? attempt.attempt.decision?.strategy ?? 'none',
    [GEN_AI.operation]: operationName(attempt.request.operation),
    [GEN_AI.requestStream]: attempt.request.streamed,
    [TOLLGATE.callId]: attempt.id,
    [TOLLGATE.attemptNumber]: attempt.number,
    [TOLLGATE.attemptPurpose]: attempt.attempt.purpose,
    // Moves so far: a decision's own `because` also tells of tiers and classes, which are no fallbacks.
    [TOLLGATE.fallback]: attempt.attempt.purpose === 'answer' && attempt.record.fallbacks > 0,
    ...requestAttributes(attempt.request.body),
  }
}

const REQUEST_NUMBERS = [
  [GEN_AI.requestTemperature, 'temperature'],
  [GEN_AI.requestTopP, 'top_p'],
  [GEN_AI.requestTopK, 'top_k'],
  [GEN_AI.requestMaxTokens, 'max_tokens'],
  [GEN_AI.requestMaxTokens, 'max_completion_tokens'],
  [GEN_AI.requestSeed, 'seed'],
  [GEN_AI.requestFrequencyPenalty, 'frequency_penalty'],
  [GEN_AI.requestPresencePenalty, 'presence_penalty'],
] as const

function requestAttributes(body: JsonObject): Attributes {
  const attributes: Attributes = {}
  for (const [name, key] of REQUEST_NUMBERS) {
    const value = body[key]
    if (typeof value === 'number') attributes[name] = value
  }
  if (typeof body.n === 'number' && body.n !== 1) attributes[GEN_AI.requestChoices] = body.n
  const stop = stopSequences(body.stop)
  if (stop.length > 0) attributes[GEN_AI.requestStop] = stop
  const format = body.response_format
  if (format !== null && typeof format === 'object') attributes[GEN_AI.outputType] = outputType(format)
  return attributes
}

function stopSequences(stop: Json | undefined): string[] {
  if (typeof stop === 'string') return [stop]
  return Array.isArray(stop) ? stop.filter(each => typeof each === 'string') : []
}

function outputType(format: Json): string {
  return JSON.stringify(format).includes('json') ? 'json' : 'text'
}

/** What an attempt came to. Sums over these count every token and every nano-dollar once. */
export function resultAttributes(record: AttemptRecord): Attributes {
  const { usage, cost } = record
  return {
    ...(record.endedAt !== undefined && { [LLM.latencyMs]: roundMs(record.endedAt - record.start) }),
    ...(record.outcome && { [TOLLGATE.attemptOutcome]: record.outcome }),
    ...(record.firstAt !== undefined && {
      [GEN_AI.responseTimeToFirstChunk]: seconds(record.firstAt - record.start),
    }),
    ...(record.responseId !== undefined && { [GEN_AI.responseId]: record.responseId }),
    ...(record.model !== undefined && { [GEN_AI.responseModel]: record.model }),
    ...(record.finishReason !== undefined && { [GEN_AI.responseFinishReasons]: [record.finishReason] }),
    ...(record.droppedParameters && { [TOLLGATE.droppedParams]: [...record.droppedParameters] }),
    ...(usage && usageAttributes(usage)),
    ...(cost === undefined ? { [TOLLGATE.unpriced]: true } : costAttributes(cost)),
  }
}

function usageAttributes(usage: Usage): Attributes {
  const { cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens, reasoningTokens } = usage
  return {
    [LLM.inputTokens]: usage.inputTokens,
    [LLM.outputTokens]: usage.outputTokens,
    [GEN_AI.inputTokens]: usage.inputTokens,
    [GEN_AI.outputTokens]: usage.outputTokens,
    ...(cacheReadTokens !== undefined && { [GEN_AI.cacheReadTokens]: cacheReadTokens }),
    ...((cacheWriteTokens !== undefined || cacheWrite1hTokens !== undefined) && {
      [GEN_AI.cacheWriteTokens]: (cacheWriteTokens ?? 0) + (cacheWrite1hTokens ?? 0),
    }),
    ...(reasoningTokens !== undefined && { [GEN_AI.reasoningTokens]: reasoningTokens }),
    [TOLLGATE.estimated]: usage.estimated === true,
  }
}

function costAttributes(cost: NanoUsd): Attributes {
  return {
    // Eight decimals, as the dashboards of the first scenario expect; the exact figure stands beside it.
    [LLM.costUsd]: dollarsTo8Decimals(cost),
    [TOLLGATE.costNanoUsd]: exactInteger(cost),
    [TOLLGATE.unpriced]: false,
    [GEN_AI.costAmount]: dollars(cost),
    [GEN_AI.costCurrency]: 'USD',
    [GEN_AI.costSource]: 'local',
  }
}

/** What a call came to, all attempts together. */
export function callResultAttributes(record: CallRecord, outcome: Outcome): Attributes {
  const charge = callCharge(record.attempts)
  return {
    [TOLLGATE.callOutcome]: outcome,
    [TOLLGATE.callAttempts]: record.attempts.length,
    [TOLLGATE.callFallbacks]: record.fallbacks,
    ...(!isCostUnknown(record) && { [TOLLGATE.callCostNanoUsd]: exactInteger(record.cost) }),
    ...(charge && { [TOLLGATE.callChargedNanoUsd]: exactInteger(charge.total) }),
    [TOLLGATE.unpriced]: record.unpriced,
  }
}

/** A decision, with every candidate's score or the reason why it was none. */
export function decisionAttributes(decision: Decision, call: Call): Attributes {
  const { classification } = call.record
  return {
    [TOLLGATE.callId]: call.id,
    [TOLLGATE.pool]: decision.pool,
    [TOLLGATE.routeStrategy]: decision.strategy,
    [LLM.strategy]: call.options.strategyLabel ?? decision.strategy,
    [TOLLGATE.routeChosen]: deploymentName(decision.chosen),
    [TOLLGATE.routeChosenId]: decision.chosen.id,
    [TOLLGATE.routeReason]: decision.reason,
    ...(decision.because !== undefined && { [TOLLGATE.routeBecause]: decision.because }),
    ...(decision.considered.length > 0 && {
      [TOLLGATE.routeCandidates]: JSON.stringify(decision.considered.map(candidateView)),
    }),
    ...(classification && {
      [TOLLGATE.classificationTask]: classification.task,
      [TOLLGATE.classificationBy]: classification.by,
      [TOLLGATE.classificationReason]: classification.reason,
      ...(classification.confidence !== undefined && {
        [TOLLGATE.classificationConfidence]: classification.confidence,
      }),
    }),
  }
}

/** What was thought of a deployment, in values that JSON can hold. */
function candidateView({ deployment, excluded, score, note, estimate }: Considered): JsonObject {
  return {
    id: deployment.id,
    name: deploymentName(deployment),
    ...(excluded !== undefined && { excluded }),
    ...(score !== undefined && { score }),
    ...(note !== undefined && { note }),
    ...(estimate?.cost !== undefined && { estimated_cost_usd: dollars(estimate.cost) }),
  }
}
