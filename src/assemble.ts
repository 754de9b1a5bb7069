import { dirname } from 'node:path'
import { type Tracer, trace } from '@opentelemetry/api'
import type { LoadedConfig } from './config/load-config.ts'
import type { Callback as NamedCallback, TraceSettings } from './config/settings.ts'
import { type Clock, systemClock } from './core/clock.ts'
import { ulids } from './core/id.ts'
import { type CallRouter, createRouter, type RouterParts } from './router.ts'
import {
  type Callback,
  type Callbacks,
  fanOut,
  hourlySpend,
  type JsonLines,
  type Listener,
  loadCallbacks,
  openJsonLines,
  runCallbacks,
  startTracing,
  type Tracing,
  type TracingSettings,
  traceCalls,
  writeCallLines,
} from './telemetry/index.ts'

export interface AssembleOptions extends Pick<RouterParts, 'send' | 'random'> {
  /** Makes spans. Default: the tracer of the process, which does nothing until somebody registers one. */
  readonly tracer?: Tracer | undefined
  /** Functions that are told of finished calls, besides those that the configuration names. */
  readonly success?: readonly Callback[]
  readonly failure?: readonly Callback[]
  /** More who watch, such as the line that `tollgate serve` prints. */
  readonly listeners?: readonly Listener[]
  /** Whether calls come over HTTP (`server`) or from this process (`internal`, default). */
  readonly kind?: 'server' | 'internal'
  /** Names this run in JSON lines and callbacks. Default: random. */
  readonly runId?: string
  /** Told what goes wrong beside the calls: a full disk, a listener that throws. Default: standard error. */
  readonly warn?: (message: string) => void
  readonly clock?: Clock
}

/** A router with everyone who watches it. */
export interface Assembly {
  readonly config: LoadedConfig
  readonly router: CallRouter
  readonly runId: string
  /** How spans are exported; undefined when the export was not started here. */
  readonly tracing?: Tracing['settings']
  /** Writes out what waits: JSON lines, callbacks under way. */
  flush(): Promise<void>
  /** Flushes, ends the connections and lets go of the files. */
  close(): Promise<void>
}

/** Puts a router together from a configuration, without starting anything that must be waited for. */
export function assemble(config: LoadedConfig, options: AssembleOptions = {}): Assembly {
  const { clock = systemClock, warn = warnOnStderr, listeners = [] } = options
  const { telemetry, routing } = config.settings
  const runId = options.runId ?? ulids(() => clock.now())()
  const traces = traceCalls({
    tracer: options.tracer ?? trace.getTracer('tollgate'),
    clock,
    kind: options.kind ?? 'internal',
    captureContent: telemetry.captureContent,
    ...(telemetry.hourlyBudget !== undefined && { extraAttributes: hourlySpend(telemetry.hourlyBudget, clock) }),
  })
  const lines = telemetry.jsonl && openLines(telemetry.jsonl, warn, clock)
  const callbacks = callbacksFor(options, {
    runId,
    traceIdOf: traces.traceIdOf,
    content: telemetry.captureContent,
    warn,
  })
  const watching: Listener[] = [traces.listener]
  if (lines) watching.push(writeCallLines({ lines, runId, traceIdOf: traces.traceIdOf, clock }))
  if (callbacks) watching.push(callbacks.listener)
  watching.push(...listeners)
  const router = createRouter(routing, {
    ...options,
    clock,
    emit: fanOut(watching, error =>
      warn(`a listener failed: ${error instanceof Error ? error.message : String(error)}`),
    ),
    // A decision in full costs 15 µs with two candidates, and only spans show it.
    explains: traces.isTraced,
    ...(telemetry.forwardTraceparent && { attemptHeaders: traces.traceHeaders }),
    complete: config.complete,
  })
  const flush = async () => {
    await callbacks?.idle()
    await lines?.flush()
  }
  return {
    config,
    router,
    runId,
    flush,
    async close() {
      await router.close()
      await flush()
      await lines?.close()
    },
  }
}

/** The same with what must be started first: the export of spans, and callbacks from modules. */
export async function open(config: LoadedConfig, options: AssembleOptions & OpenOptions = {}): Promise<Assembly> {
  const { telemetry, callbacks } = config.settings
  const { env = process.env, path = 'config.yaml', warn = warnOnStderr } = options
  const tracing = await startTracing(
    options.traces ?? tracingSettings(telemetry.traces),
    { ...env, ...config.environment() },
    { onError: error => warn(`spans were not exported: ${error instanceof Error ? error.message : String(error)}`) },
  )
  const directory = dirname(path)
  const success = await functionsOf(callbacks.success, directory)
  const failure = await functionsOf(callbacks.failure, directory)
  const assembly = assemble(config, {
    ...options,
    tracer: options.tracer ?? tracing.tracer,
    success: [...success, ...(options.success ?? [])],
    failure: [...failure, ...(options.failure ?? [])],
  })
  return withTracing(assembly, tracing)
}

export interface OpenOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Of the configuration: module callbacks are found from its folder. */
  readonly path?: string
  /** Instead of the configuration's. */
  readonly traces?: TracingSettings
}

function withTracing(assembly: Assembly, tracing: Tracing): Assembly {
  return {
    ...assembly,
    tracing: tracing.settings,
    async flush() {
      await assembly.flush()
      await tracing.flush()
    },
    async close() {
      await assembly.close()
      await tracing.shutdown()
    },
  }
}

function openLines(
  { path, maxBytes, maxFiles }: NonNullable<LoadedConfig['settings']['telemetry']['jsonl']>,
  warn: (message: string) => void,
  clock: Clock,
): JsonLines {
  return openJsonLines({
    path,
    maxFiles,
    clock,
    ...(maxBytes !== undefined && { maxBytes }),
    onProblem: problem => warn(`JSON lines to ${problem.path}: ${problem.type}`),
  })
}

interface CallbackParts {
  readonly runId: string
  readonly traceIdOf: Parameters<typeof runCallbacks>[0]['traceIdOf']
  readonly content: boolean
  readonly warn: (message: string) => void
}

function callbacksFor({ success = [], failure = [] }: AssembleOptions, parts: CallbackParts): Callbacks | undefined {
  if (success.length === 0 && failure.length === 0) return undefined
  const { runId, traceIdOf, content, warn } = parts
  return runCallbacks({
    success,
    failure,
    runId,
    traceIdOf,
    turnOffMessageLogging: !content,
    onError: error => warn(`a callback failed: ${error instanceof Error ? error.message : String(error)}`),
  })
}

async function functionsOf(named: readonly NamedCallback[], directory: string): Promise<readonly Callback[]> {
  const names = named.flatMap(one => (one.kind === 'module' ? [`${one.path}:${one.exported}`] : []))
  return (await loadCallbacks(names, { directory })).callbacks
}

/** What the configuration does not say stays absent, so that the environment can. */
function tracingSettings({ mode, headers, ...said }: TraceSettings): TracingSettings {
  const revealed = Object.entries(headers ?? {}).map(([name, value]) => [name, value.reveal()] as const)
  return { ...said, processor: mode, ...(headers && { headers: Object.fromEntries(revealed) }) }
}

function warnOnStderr(message: string): void {
  process.stderr.write(`tollgate: ${message}\n`)
}
