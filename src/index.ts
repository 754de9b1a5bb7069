/**
 * tollgate as a library: routing, fallbacks, streaming and exact accounting for LLM calls in this process.
 * The HTTP gateway is in `tollgate/gateway`, test doubles in `tollgate/testing`.
 */

export { ConfigError, type Finding, type Severity } from './config/finding.ts'
export type { Event } from './core/event.ts'
export type { FailureKind, Verdict } from './core/failure.ts'
export { Failure } from './core/failure.ts'
export type { ModelEntry, RouterOptions } from './library/options.ts'
export { type CallSettings, Router, type RouterHooks } from './library/router.ts'
export type {
  ChatAnswer,
  ChatChunk,
  ChatRequest,
  CompletionRequest,
  EmbeddingAnswer,
  EmbeddingRequest,
  TokenUsage,
  ToolCall,
  ToolCallPiece,
} from './library/shapes.ts'
export type { BudgetAlert, Callback, CallbackPayload, Listener } from './telemetry/index.ts'
// Sums over the lines that `tollgate_settings.telemetry.jsonl` writes.
export { formatSummary, type RunSummary, type SummaryFilter, summariseRun, type Totals } from './telemetry/index.ts'
