import type { Ms } from './clock.ts'
import type { JsonObject } from './json.ts'
import type { NanoUsd } from './money.ts'
import type { RateCard } from './price.ts'
import type { Secret } from './secret.ts'

/** One place that can answer: an account, a region, a key, at one model. Plain data, fixed once configured. */
export interface Deployment {
  /** Unique and stable over restarts: `model_info.id`, else a hash of the pool name and parameters. */
  readonly id: string
  /** Of the entry that it was made of, where it is one of several: what the entry's budget bounds is all of them. Default: `id`. */
  readonly entryId?: string
  /** The alias under which it answers (`model_name`). */
  readonly pool: string
  /** The host's name in the catalogue of providers: `openai`, `anthropic`, `mistral`, ... */
  readonly provider: string
  /** The model's name at the upstream, without the provider prefix. */
  readonly model: string
  /** Made of `model: "*"`: of the names that its pool's pattern matches it takes those that tell its provider. */
  readonly anyProvider?: true
  /** Where the upstream listens, without a trailing slash. */
  readonly baseUrl: string
  /** The upstream's credential; absent where none is needed. */
  readonly apiKey?: Secret
  /** Sent with every request, names in lower case. Any of them may be a credential. */
  readonly headers: Readonly<Record<string, Secret>>
  /** Azure and the like. */
  readonly apiVersion?: string
  /** `OpenAI-Organization`. */
  readonly organization?: string
  /** Request fields that are sent unless the client set them (`temperature`, `max_tokens`, unknown parameters, ...). */
  readonly defaults: JsonObject
  readonly parameters: ParameterRules
  readonly selection: SelectionSettings
  readonly timeouts: TimeoutSettings
  readonly health: HealthSettings
  /** How it is probed. Absent: as it is called, with the defaults. */
  readonly probe?: ProbeOptions
  /** Undefined when nobody knows the price: recorded as `unpriced`, never as 0. */
  readonly price: RateCard | undefined
  readonly limits: ModelLimits
  /** Whether a TLS certificate that cannot be verified is accepted (`ssl_verify: false`). */
  readonly insecureTls?: boolean
  /** Answers without any upstream (`mock_response` and the built-in mock provider). */
  readonly mock?: MockSettings
  /** A pool that gets a copy of every call, whose answer is thrown away (`silent_model`). */
  readonly silentPool?: string
  /** Groups of pools that its pool is in, by which callers may be granted it (`model_info.access_groups`). */
  readonly accessGroups?: readonly string[]
  /** What records of its calls leave out. Absent: nothing more than the router's rules. */
  readonly logging?: DeploymentLogging
  /** `model_info` as configured, for `/model/info`. */
  readonly info: JsonObject
}

export interface DeploymentLogging {
  /** False: no prompt and no answer (`turn_off_message_logging`). */
  readonly messages?: boolean
  /** Names of callbacks that are not told (`litellm_disabled_callbacks`). */
  readonly disabledCallbacks?: readonly string[]
}

export interface ParameterRules {
  /** Leave out parameters that the upstream does not take, instead of refusing the request. */
  readonly dropUnsupported: boolean
  /** Always leave these out. */
  readonly drop: readonly string[]
  /** Always let these through. */
  readonly allow: readonly string[]
}

export interface SelectionSettings {
  readonly weight?: number
  /** Requests per minute that the upstream grants. */
  readonly rpm?: number
  /** Tokens per minute, input and output together. */
  readonly tpm?: number
  readonly inputTpm?: number
  readonly outputTpm?: number
  readonly maxParallelRequests?: number
  /** The smallest order is used first; without one it comes last. */
  readonly order?: number
  readonly tags: readonly string[]
  readonly tagPatterns: readonly RegExp[]
  readonly region?: string
  /** Taken out by the operator (`model_info.blocked`). */
  readonly blocked?: boolean
  /** Overrides the router's setting for its pool (`model_info.enable_tag_filtering`). */
  readonly tagFiltering?: boolean
  /** If no tag matches, the default deployments may answer (`model_info.allow_fail_open`). */
  readonly allowFailOpen?: boolean
}

/** Absent means: the router's value. */
export interface TimeoutSettings {
  /** One attempt: the whole answer, or the first content of a stream. */
  readonly timeoutMs?: Ms
  /** Until the first content of a stream. */
  readonly firstTokenMs?: Ms
  /** Between two pieces of a stream. */
  readonly idleMs?: Ms
  /** Silence after which a stream is sent a comment; 0 for never, whoever asks. */
  readonly keepaliveMs?: Ms
  /** Whether clients may choose that silence. */
  readonly clientKeepalive?: boolean
}

/** Absent means: the router's value. */
export interface HealthSettings {
  readonly retries?: number
  readonly cooldownMs?: Ms
  readonly allowedFails?: number
  readonly allowedFailsPolicy?: ErrorClassCounts
}

/** How a deployment is asked whether it is well. */
export interface ProbeOptions {
  /** The model that is asked instead (`health_check_model`), without the provider prefix, and its price. */
  readonly model?: { readonly name: string; readonly price: RateCard | undefined }
  /** How long a probe may take. Default 60,000 ms. */
  readonly timeoutMs?: Ms
  /** Tokens that a probe lets it generate. Default 5, of reasoning models 64. */
  readonly maxTokens?: number
  /** Not probed in the background. Default false. */
  readonly disabled?: boolean
}

/** The error classes of LiteLLM's retry and allowed-fails policies, with a count for each. */
export type ErrorClass =
  | 'BadRequestError'
  | 'AuthenticationError'
  | 'TimeoutError'
  | 'RateLimitError'
  | 'ContentPolicyViolationError'
  | 'InternalServerError'
  | 'ServiceUnavailableError'
  | 'BadGatewayError'
  | 'NotFoundError'

export type ErrorClassCounts = Readonly<Partial<Record<ErrorClass | 'Default', number>>>

export interface ModelLimits {
  readonly maxInputTokens?: number
  readonly maxOutputTokens?: number
  /** `model_info.supports_*`, without the prefix; absent means unknown. */
  readonly supports: Readonly<Record<string, boolean>>
}

export interface MockSettings {
  /** Text of the answer, or a whole answer body, or an error by LiteLLM's names; absent: an answer that quotes the prompt. */
  readonly response?: string | JsonObject
  readonly toolCalls?: readonly JsonObject[]
  readonly delayMs?: Ms
  /** Wait for the timeout and then fail with it. */
  readonly timeout?: boolean
}

/** What a deployment is called in lines for people: `openai/gpt-4o-mini`. */
export function deploymentName(deployment: Pick<Deployment, 'provider' | 'model'>): string {
  return `${deployment.provider}/${deployment.model}`
}

/** What a call may cost, and what it is reckoned on. */
export interface Estimate {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Undefined when the deployment has no price. */
  readonly cost: NanoUsd | undefined
}
