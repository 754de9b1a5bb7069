export {
  type BudgetAlert,
  type BudgetCrossing,
  type BudgetWebhook,
  budgetAlert,
  budgetWebhook,
} from './budget-webhook.ts'
export {
  type AttemptLine,
  type CallLine,
  type CallLineContext,
  callLine,
  type LineStatus,
} from './call-line.ts'
export type { CostBreakdown, CostFailure, HiddenParams } from './callback-details.ts'
export type { CallbackPayload, ErrorInformation } from './callback-payload.ts'
export {
  type Callback,
  type CallbackLists,
  type CallbackOptions,
  type Callbacks,
  type NamedCallback,
  runCallbacks,
} from './callbacks.ts'
export { COLOURS, type Colours, coloursFor, NO_COLOURS } from './colours.ts'
export { hourlySpend } from './hourly-spend.ts'
export type { InputPayload } from './input-payload.ts'
export {
  type JsonLines,
  type JsonLinesOptions,
  type JsonLinesStats,
  openJsonLines,
} from './json-lines.ts'
export type { SpanStarter } from './lean-tracer.ts'
export { type LinePrinter, linePrinter } from './line-printer.ts'
export { type JsonLinesProblem, problemText } from './line-trouble.ts'
export { fanOut, type Listener, type OnListenerError } from './listeners.ts'
export {
  BUILT_IN_CALLBACKS,
  type BuiltInCallback,
  type LoadedCallbacks,
  type LoadOptions,
  loadCallbacks,
} from './load-callbacks.ts'
export { LLM, operationName, providerName } from './names.ts'
export { failureMessage } from './redact.ts'
export { type PrintCallsOptions, printCalls } from './request-line.ts'
export { formatSummary, type RunSummary, type SummaryFilter, summariseRun, type Totals } from './run-summary.ts'
export type { ServiceFault } from './service-fault.ts'
export { type CallTraces, type TraceOptions, traceCalls } from './spans.ts'
export { startTracing, type Tracing, type TracingHooks } from './start-tracing.ts'
export { parseTraceparent } from './trace-context.ts'
export {
  type ExporterName,
  type OtlpProtocol,
  type ResolvedTracing,
  resolveTracing,
  type SamplerName,
  type TracingSettings,
} from './tracing-settings.ts'
export { type CallLinesOptions, printedLines, writeCallLines } from './write-call-lines.ts'
