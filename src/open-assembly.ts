import { dirname } from 'node:path'
import { type AssembleOptions, type Assembly, assemble, warnOnStderr } from './assemble.ts'
import { openBacking, type SharedParts } from './backing.ts'
import type { LoadedConfig } from './config/load-config.ts'
import type { Callback as NamedModule, TraceSettings } from './config/settings.ts'
import { systemClock } from './core/clock.ts'
import {
  type Callback,
  type CallbackLists,
  type CallbackPayload,
  type InputPayload,
  loadCallbacks,
  type NamedCallback,
  type ServiceFault,
  startTracing,
  type Tracing,
  type TracingSettings,
} from './telemetry/index.ts'

export interface OpenOptions extends AssembleOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Of the configuration: module callbacks are found from its folder. */
  readonly path?: string
  /** Instead of the configuration's. */
  readonly traces?: TracingSettings
  /** What this process has in common with others, where it is one of several workers. */
  readonly shared?: SharedParts | undefined
}

/**
 * `assemble`, with what must be started first: the export of spans, callbacks from modules, and what stands behind a router.
 * @throws Failure when one of them cannot be; then none of them is left open.
 */
export async function open(config: LoadedConfig, options: OpenOptions = {}): Promise<Assembly> {
  const { env = process.env, warn = warnOnStderr, clock = systemClock } = options
  let assembly: Assembly | undefined
  const onError = (error: unknown) => {
    const message = `spans were not exported: ${error instanceof Error ? error.message : String(error)}`
    warn(message)
    assembly?.fault('otel', message)
  }
  const traces = options.traces ?? tracingSettings(config.settings.telemetry.traces)
  const environment = { ...env, ...config.environment() }
  const backing = openBacking(config, { ...options, clock, warn })
  const tracing = startTracing(traces, environment, { onError })
  try {
    const [behind, started, callbacks] = await Promise.all([backing, tracing, callbacksOf(config, options)])
    const tracer = options.tracer ?? started.tracer
    assembly = assemble(config, { ...options, ...callbacks, backing: behind, tracer })
    return withTracing(assembly, started)
  } catch (error) {
    await Promise.allSettled([backing.then(one => one.close()), tracing.then(one => one.shutdown())])
    throw error
  }
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

/** Those that the configuration names, and those that were given. */
async function callbacksOf(
  { settings: { callbacks } }: LoadedConfig,
  { path = 'config.yaml', success = [], failure = [], input = [], service = [] }: OpenOptions,
): Promise<CallbackLists> {
  const directory = dirname(path)
  const [ofSuccess, ofFailure, ofInput, ofService] = await Promise.all([
    functionsOf(callbacks.success, directory),
    functionsOf(callbacks.failure, directory),
    functionsOf<InputPayload>(callbacks.input, directory),
    functionsOf<ServiceFault>(callbacks.service, directory),
  ])
  return {
    success: [...ofSuccess, ...success],
    failure: [...ofFailure, ...failure],
    input: [...ofInput, ...input],
    service: [...ofService, ...service],
  }
}

/** The functions that the configuration names, by the names that it gives them. */
async function functionsOf<Payload = CallbackPayload>(
  named: readonly NamedModule[],
  directory: string,
): Promise<readonly NamedCallback<Payload>[]> {
  const loaded = named.map(async one => {
    if (one.kind !== 'module') return []
    const { callbacks } = await loadCallbacks([`${one.path}:${one.exported}`], { directory })
    const name = one.exported === 'default' ? one.path : `${one.path}#${one.exported}`
    return callbacks.map(run => ({ name, run: run as Callback<Payload> }))
  })
  return (await Promise.all(loaded)).flat()
}

/** What the configuration does not say stays absent, so that the environment can. */
function tracingSettings({ mode, headers, ...said }: TraceSettings): TracingSettings {
  const revealed = Object.entries(headers ?? {}).map(([name, value]) => [name, value.reveal()] as const)
  return { ...said, processor: mode, ...(headers && { headers: Object.fromEntries(revealed) }) }
}
