import type { Caller } from './caller.ts'
import type { Cancellation } from './cancellation.ts'
import type { Charge } from './charge.ts'
import type { Ms } from './clock.ts'
import type { CollectedAnswer } from './collected-answer.ts'
import type { Decision } from './decision.ts'
import type { Deployment } from './deployment.ts'
import type { Emit } from './event.ts'
import type { Failure } from './failure.ts'
import type { Hold } from './hold.ts'
import type { JsonObject } from './json.ts'
import type { NanoUsd } from './money.ts'
import type { Request } from './request.ts'
import type { Standing } from './standing.ts'
import type { Usage } from './usage.ts'

/** One request to answer, whatever its operation. A layer may copy it with changes; nobody alters it. */
export interface Call {
  /** Unique; also the `x-tollgate-call-id` header and the ledger's key. */
  readonly id: string
  /** The pool that shall answer: at first the name that the client asked for, as it is spelt in the request. */
  readonly pool: string
  readonly request: Request
  readonly options: CallOptions
  /** Stops the call and everything below it: the client left, or the deadline passed. */
  readonly cancellation: Cancellation
  /** On the monotonic clock: nothing is started after it. */
  readonly deadline: Ms
  /** What happened to it so far. The one thing about a call that grows. */
  readonly record: CallRecord
  readonly emit: Emit
  /** Why an attempt of it is made: to answer, to classify the prompt, as a silent copy, or to see whether all is well. */
  readonly purpose: Purpose
  /** Of a silent copy: the record of the call that it was made from. */
  readonly copyOf?: CallRecord
  /** Why it goes to this pool, where a layer chose it. */
  readonly because?: string
  /** The tiered pool through which it came: in its tiers, price decides under that pool's latency threshold. */
  readonly tier?: string
  /** Money set aside for it. Absent: nobody keeps budgets, or nothing of it is bounded. */
  readonly hold?: Hold
}

export type Purpose = 'answer' | 'classify' | 'mirror' | 'probe'

/** One try of a call, at one deployment. */
export interface Attempt extends Call {
  readonly deployment: Deployment
  /** Counts from 1 within the call. */
  readonly number: number
  readonly attempt: AttemptRecord
}

/** What the caller asked of the router rather than of the model. Absent means: as configured. */
export interface CallOptions {
  readonly retries?: number
  readonly timeoutMs?: Ms
  readonly firstTokenMs?: Ms
  /** Silence after which its stream is sent a comment, where the operator lets clients choose it. */
  readonly keepaliveMs?: Ms
  /** Where to go when the pool fails, before the configured fallbacks. */
  readonly fallbacks?: readonly Fallback[]
  readonly contextWindowFallbacks?: FallbackTable
  readonly contentPolicyFallbacks?: FallbackTable
  readonly disableFallbacks?: boolean
  readonly maxFallbacks?: number
  readonly tags?: readonly string[]
  /** Free data of the caller, kept in records (`metadata`). */
  readonly metadata?: JsonObject
  /** `session_id`, for affinity and for `gen_ai.conversation.id`. */
  readonly sessionId?: string
  readonly userAgent?: string
  /** More tags for records, which route nothing: headers that the operator has named (`extra_spend_tag_headers`). */
  readonly recordTags?: readonly string[]
  /** Callbacks shall not hear of this call (`no-log`). */
  readonly noLog?: boolean
  /** These callbacks shall not (`x-litellm-disable-callbacks`). */
  readonly disabledCallbacks?: readonly string[]
  /** Prompt and answer shall stay out of records (`x-litellm-enable-message-redaction`). */
  readonly redactMessages?: boolean
  /** W3C `traceparent` of the caller. */
  readonly traceparent?: string
  readonly tracestate?: string
  readonly allowedRegion?: string
  /** The name of the strategy that records show instead of the one that chose (`metadata.routing_strategy`). */
  readonly strategyLabel?: string
  /** Only deployments whose upstream model has exactly this name (`specific_deployment: true`). */
  readonly specificDeployment?: boolean
  /** Its place in line when all deployments are full; lower goes first. Absent: the router's, else it does not wait. */
  readonly priority?: number
  /** Deployment answers from these test hooks (`mock_response`, ...), where the operator allows it. */
  readonly mock?: JsonObject
  /** The caller's own identity, as the gateway authenticated it. */
  readonly caller?: Caller
}

/** Another pool to try, perhaps with parts of the request replaced. */
export interface Fallback {
  readonly pool: string
  readonly replace?: JsonObject
  /** It is a part of what was asked for (a tier of it): whoever may use that may use it. */
  readonly isPart?: true
}

/** Pool name (or `*`) to the pools to try instead, in order. */
export type FallbackTable = Readonly<Record<string, readonly Fallback[]>>

/** What has happened to a call. Written by the router's own layers, read by everyone at the end. */
export interface CallRecord {
  /** Epoch milliseconds. */
  readonly startedAt: Ms
  /** Monotonic milliseconds. */
  readonly start: Ms
  /** What the client asked for, before aliases, `auto` and fallbacks. */
  readonly requestedPool: string
  readonly attempts: AttemptRecord[]
  /** The choice of each attempt, in order. */
  readonly decisions: Decision[]
  /** Moves to another pool so far, all levels together. */
  fallbacks: number
  /** How long it waited in line for a place, all pools together; absent when it did not. */
  queuedMs?: Ms
  /** Sum of the attempts' costs, by the providers' prices. What is charged may differ: `callCharge`. */
  cost: NanoUsd
  /** At least one attempt had no price, so `cost` is a lower bound. */
  unpriced: boolean
  /** What is left of the rate limits that concern it, where there are any. */
  standings?: readonly Standing[]
  /** What was set aside for it, where something bounds it. */
  hold?: Pick<Hold, 'keySpent'>
  /** How the prompt was classified, when the pool asked for was `auto`. */
  classification?: Classification
  /** The trace that it belongs to, set once by whoever traces. */
  trace?: CallTrace
}

/** The trace of a call, as the record carries it; whoever traces keeps its spans there too. */
export interface CallTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
}

export interface Classification {
  /** The pool that the prompt belongs to: `math`, `code`, `creative`, `default`, ... */
  readonly task: string
  /** Which layer decided: `rules`, `llm`, a classifier's own name, or `default` when none could. */
  readonly by: string
  /** The words or the answer that decided, for people. */
  readonly reason: string
  /** 0 to 1, where the classifier knows it. */
  readonly confidence?: number
}

/** What has happened to an attempt. */
export interface AttemptRecord {
  readonly id: string
  readonly number: number
  readonly purpose: Purpose
  readonly deployment: Deployment
  readonly decision: Decision | undefined
  /** Monotonic milliseconds. */
  readonly start: Ms
  /** When the first content came. */
  firstAt?: Ms
  endedAt?: Ms
  outcome?: Outcome
  failure?: Failure
  usage?: Usage
  /** It ended before anything was written to the upstream, which cannot bill for it. */
  isUnsent?: true
  /** By the provider's price. Undefined until it ended, and when the deployment has no price. */
  cost?: NanoUsd
  /** The cost is the least it can be: nobody knows the price of a part of it (a service tier, a web search). */
  isLowerBound?: true
  /** What it is charged at, where discounts or margins are configured; else the cost. */
  charge?: Charge
  /** The model that the upstream says has answered. */
  model?: string
  responseId?: string
  finishReason?: string
  /** What it answered, where somebody is to be told. */
  response?: CollectedAnswer
  /** What the upstream says of its limits. */
  upstreamHeaders?: Readonly<Record<string, string>>
  /** Parameters that were asked for and that the upstream was not sent, because it does not take them. */
  droppedParameters?: readonly string[]
}

/** How an attempt or a call ended: read out, failed (before or within the answer), or left by its reader. */
export type Outcome = 'complete' | 'failed' | 'abandoned'
