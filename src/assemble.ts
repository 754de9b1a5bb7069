import { trace } from '@opentelemetry/api'
import { type Backing, backingHere } from './backing.ts'
import type { LoadedConfig } from './config/load-config.ts'
import type { TelemetrySettings } from './config/settings.ts'
import type { Attempt } from './core/call.ts'
import { type Clock, systemClock } from './core/clock.ts'
import { ulids } from './core/id.ts'
import { mayTellContent } from './core/logging.ts'
import { messageOf } from './core/message-of.ts'
import type { NanoUsd } from './core/money.ts'
import type { Ledger } from './ledger/replica/ledger.ts'
import { LiveRouter } from './live-router.ts'
import { costSides } from './prices/index.ts'
import type { RouterParts } from './router.ts'
import {
  type BudgetAlert,
  type CallbackLists,
  type Callbacks,
  fanOut,
  hourlySpend,
  type JsonLines,
  type JsonLinesProblem,
  type Listener,
  LLM,
  openJsonLines,
  problemText,
  runCallbacks,
  type SpanStarter,
  type Tracing,
  traceCalls,
  writeCallLines,
} from './telemetry/index.ts'

export interface AssembleOptions extends Pick<RouterParts, 'send' | 'random'>, CallbackLists {
  /** Makes spans. Default: the tracer of the process, which does nothing until somebody registers one. */
  readonly tracer?: SpanStarter | undefined
  /** More who watch, such as the line that `tollgate serve` prints. */
  readonly listeners?: readonly Listener[]
  /** Takes the lines of calls that JSON lines files have, besides the file. */
  readonly jsonLines?: Pick<JsonLines, 'write'> | undefined
  /** Whether calls come over HTTP (`server`) or from this process (`internal`, default). */
  readonly kind?: 'server' | 'internal'
  /** Names this run in JSON lines and callbacks. Default: random. */
  readonly runId?: string
  /** Told what goes wrong beside the calls: a full disk, a listener that throws. Default: standard error. */
  readonly warn?: (message: string) => void
  /** Told when a budget has passed its soft limit or its limit: once per window, at one of the replicas. */
  readonly onBudget?: ((alert: BudgetAlert) => void) | undefined
  /** What stands behind the router. Default: what this process can keep alone. */
  readonly backing?: Backing | undefined
  readonly clock?: Clock
}

/** A router with everyone who watches it. */
export interface Assembly {
  readonly config: LoadedConfig
  /** Its settings may be replaced while it runs. */
  readonly router: LiveRouter
  readonly runId: string
  /** What stands behind the router; undefined when nothing does. */
  readonly backing?: Backing
  /** How spans are exported; undefined when the export was not started here. */
  readonly tracing?: Tracing['settings']
  /** Tells the callbacks about services that something is wrong, or, without an error, that it no longer is. */
  readonly fault: Callbacks['fault']
  /** Writes out what waits: JSON lines, callbacks under way. */
  flush(): Promise<void>
  /** Flushes, ends the connections and lets go of the files. */
  close(): Promise<void>
}

/** Puts a router together from a configuration, without starting anything that must be waited for. */
export function assemble(config: LoadedConfig, options: AssembleOptions = {}): Assembly {
  const { clock = systemClock, warn = warnOnStderr, listeners = [] } = options
  const { telemetry, routing, money, limits } = config.settings
  const backing = options.backing ?? backingHere(config, { ...options, clock, warn })
  const { ledger, limiter, callers } = backing ?? {}
  const runId = options.runId ?? ulids(() => clock.now())()
  const traces = traceCalls({
    tracer: options.tracer ?? trace.getTracer('tollgate'),
    clock,
    kind: options.kind ?? 'internal',
    captureContent: telemetry.captureContent,
    rules: telemetry.logging,
    ...spendAttributes(telemetry.hourlyBudget, ledger, clock),
  })
  const callbacks = runCallbacks({
    ...options,
    runId,
    traceIdOf: traces.traceIdOf,
    rules: telemetry.logging,
    costSides,
    onError: error => warn(`a callback failed: ${messageOf(error)}`),
  })
  const onProblem = (problem: JsonLinesProblem) => {
    const message = problemText(problem)
    warn(message)
    callbacks.fault('jsonl', problem.type === 'recovered' ? null : message)
  }
  const lines = telemetry.jsonl && openJsonLines({ ...telemetry.jsonl, clock, onProblem })
  const watching: Listener[] = [traces.listener]
  const takers = [lines, options.jsonLines].filter(taker => taker !== undefined)
  if (takers.length > 0)
    watching.push(
      writeCallLines({ lines: takers, runId, traceIdOf: traces.traceIdOf, rules: telemetry.logging, clock }),
    )
  if (hasCallbacks(options)) watching.push(callbacks.listener)
  watching.push(...listeners)
  const router = new LiveRouter(routing, {
    ...options,
    clock,
    exchange: backing?.exchange,
    ...(ledger && { books: { ledger, settings: money } }),
    // Callers of the store bring the gateway's limits with them.
    ...(limiter && { limits: { limiter, always: callers ? [] : limits.gateway } }),
    emit: fanOut(watching, error => warn(`a listener failed: ${messageOf(error)}`)),
    ...collecting(telemetry, options),
    // A decision in full costs 15 µs with two candidates, and only spans show it.
    explains: traces.isTraced,
    ...(telemetry.forwardTraceparent && { attemptHeaders: traces.traceHeaders }),
    complete: config.complete,
  })
  const flush = async () => {
    await callbacks.idle()
    await lines?.flush()
    await ledger?.flush()
  }
  return {
    config,
    router,
    runId,
    fault: callbacks.fault,
    flush,
    ...(backing && { backing }),
    async close() {
      await router.close()
      await callbacks.close()
      await lines?.close()
      await backing?.close()
    },
  }
}

/** Marks spans of calls that are charged to a budget that is passed, and of hours that cost too much. */
function spendAttributes(hourly: NanoUsd | undefined, ledger: Ledger | undefined, clock: Clock) {
  const ofHour = hourly === undefined ? undefined : hourlySpend(hourly, clock)
  if (!ledger) return ofHour && { extraAttributes: ofHour }
  const extraAttributes = (attempt: Attempt) =>
    ledger.isExceeded(attempt) ? { ...ofHour?.(attempt), [LLM.budgetExceeded]: true } : ofHour?.(attempt)
  return { extraAttributes }
}

function hasCallbacks({ success = [], failure = [], input = [] }: CallbackLists): boolean {
  return success.length + failure.length + input.length > 0
}

/** Answers are kept where somebody may be told of them, and nowhere else: they take memory. */
function collecting(
  { captureContent, logging }: TelemetrySettings,
  { success = [], failure = [], tracer }: AssembleOptions,
): Pick<RouterParts, 'collects'> {
  const told = success.length + failure.length > 0 && !logging.excludedFields.includes('response')
  if (!logging.messages || !(told || (captureContent && tracer))) return {}
  return {
    collects: attempt =>
      attempt.purpose === 'answer' &&
      (logging.streamedAnswers || !attempt.request.streamed) &&
      mayTellContent(attempt, logging),
  }
}

export function warnOnStderr(message: string): void {
  process.stderr.write(`tollgate: ${message}\n`)
}
