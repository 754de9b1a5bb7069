import type { Operation } from '../core/request.ts'

/**
 * Attribute names of the OpenTelemetry GenAI conventions (open-telemetry/semantic-conventions-genai, Development) and
 * our own. Kept here because the published package exports the former only as deprecated "incubating" names.
 */
export const GEN_AI = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  conversation: 'gen_ai.conversation.id',
  outputType: 'gen_ai.output.type',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  requestSeed: 'gen_ai.request.seed',
  requestTopK: 'gen_ai.request.top_k',
  requestTopP: 'gen_ai.request.top_p',
  requestChoices: 'gen_ai.request.choice.count',
  requestMaxTokens: 'gen_ai.request.max_tokens',
  requestTemperature: 'gen_ai.request.temperature',
  requestStop: 'gen_ai.request.stop_sequences',
  requestFrequencyPenalty: 'gen_ai.request.frequency_penalty',
  requestPresencePenalty: 'gen_ai.request.presence_penalty',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  responseFinishReasons: 'gen_ai.response.finish_reasons',
  /** Seconds. */
  responseTimeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_write.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  /** Proposed (semantic-conventions-genai PR #443), in units of `costCurrency`. */
  costAmount: 'gen_ai.usage.cost.amount',
  costCurrency: 'gen_ai.usage.cost.currency',
  /** `provider` when the upstream told it, `local` when it was reckoned here. */
  costSource: 'gen_ai.usage.cost.source',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
} as const

/** The stable names that dashboards of the first scenario read. */
export const LLM = {
  provider: 'llm.provider',
  model: 'llm.model',
  inputTokens: 'llm.input_tokens',
  outputTokens: 'llm.output_tokens',
  costUsd: 'llm.cost_usd',
  latencyMs: 'llm.latency_ms',
  strategy: 'llm.routing_strategy',
  budgetExceeded: 'llm.budget.exceeded',
} as const

export const TOLLGATE = {
  callId: 'tollgate.call.id',
  callOutcome: 'tollgate.call.outcome',
  callPool: 'tollgate.call.pool',
  callAttempts: 'tollgate.call.attempts',
  callFallbacks: 'tollgate.call.fallbacks',
  /** The sum of the attempts' costs. Not named as theirs, so that a sum over all spans counts nothing twice. */
  callCostNanoUsd: 'tollgate.call.cost.nano_usd',
  /** What is charged, where discounts or margins are configured. */
  callChargedNanoUsd: 'tollgate.call.charged.nano_usd',
  callTags: 'tollgate.call.tags',
  callKeyId: 'tollgate.call.key_id',
  attemptNumber: 'tollgate.attempt.number',
  attemptPurpose: 'tollgate.attempt.purpose',
  attemptOutcome: 'tollgate.attempt.outcome',
  deploymentId: 'tollgate.deployment.id',
  pool: 'tollgate.pool',
  fallback: 'tollgate.fallback',
  costNanoUsd: 'tollgate.cost.nano_usd',
  unpriced: 'tollgate.cost.unpriced',
  estimated: 'tollgate.usage.estimated',
  droppedParams: 'tollgate.dropped_params',
  upstreamStatus: 'tollgate.upstream.status',
  routeStrategy: 'tollgate.route.strategy',
  routeChosen: 'tollgate.route.chosen',
  routeChosenId: 'tollgate.route.chosen_id',
  routeReason: 'tollgate.route.reason',
  routeBecause: 'tollgate.route.because',
  /** A JSON list of what was thought of each deployment. */
  routeCandidates: 'tollgate.route.candidates',
  routeUntold: 'tollgate.route.untold',
  classificationTask: 'tollgate.classification.task',
  classificationBy: 'tollgate.classification.by',
  classificationReason: 'tollgate.classification.reason',
  classificationConfidence: 'tollgate.classification.confidence',
} as const

export const ERROR_TYPE = 'error.type'
export const ERROR_MESSAGE = 'error.message'
export const SERVER_ADDRESS = 'server.address'
export const SERVER_PORT = 'server.port'

type ValueOf<Table> = Table[keyof Table]

/** The name of an attribute of a span. */
export type AttributeName =
  | ValueOf<typeof GEN_AI>
  | ValueOf<typeof LLM>
  | ValueOf<typeof TOLLGATE>
  | typeof ERROR_TYPE
  | typeof ERROR_MESSAGE
  | typeof SERVER_ADDRESS
  | typeof SERVER_PORT

const operations: Readonly<Record<Operation, string>> = {
  chat: 'chat',
  completion: 'text_completion',
  embedding: 'embeddings',
}

/** `gen_ai.operation.name` of an operation. */
export function operationName(operation: Operation): string {
  return operations[operation]
}

/** Where the conventions spell a provider differently from the catalogue of hosts. */
const providers: ReadonlyMap<string, string> = new Map([
  ['azure', 'azure.ai.openai'],
  ['azure_ai', 'azure.ai.inference'],
  ['bedrock', 'aws.bedrock'],
  ['bedrock_converse', 'aws.bedrock'],
  ['gemini', 'gcp.gemini'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['mistral', 'mistral_ai'],
  ['moonshot', 'moonshot_ai'],
  ['watsonx', 'ibm.watsonx.ai'],
  ['xai', 'x_ai'],
])

/** `gen_ai.provider.name` of a provider. */
export function providerName(provider: string): string {
  return providers.get(provider) ?? provider
}
