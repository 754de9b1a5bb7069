import type { ReadableSpan, Sampler, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Ms } from '../core/clock.ts'
import { coloursFor } from './colours.ts'
import { ConsoleSpanTree } from './console-exporter.ts'
import { LateExporter } from './late-exporter.ts'
import { LeanTracer, type SpanStarter } from './lean-tracer.ts'
import {
  type Environment,
  type ExporterName,
  type ResolvedTracing,
  resolveTracing,
  type TracingSettings,
} from './tracing-settings.ts'

export interface Tracing {
  /** Undefined: nothing is exported, and the SDK was not even loaded. */
  readonly tracer: SpanStarter | undefined
  readonly settings: ResolvedTracing
  /**
   * Sends what waits. True when all of it has gone out; false when a backend refused it or took longer than `boundMs`
   * (default 5,000).
   */
  flush(boundMs?: Ms): Promise<boolean>
  /** Flushes, and stops exporting. The bound is that of `flush`. */
  shutdown(boundMs?: Ms): Promise<boolean>
}

export interface TracingHooks {
  /** Told of every export that failed: OpenTelemetry itself is silent about them. */
  readonly onError?: (error: unknown) => void
  /** Where the console exporter prints. Default: standard output, as OpenTelemetry specifies it. */
  readonly print?: (text: string) => void
}

const BOUND_MS: Ms = 5000

/**
 * Starts the export of spans as settings and environment ask for; without either nothing is loaded. Of the gRPC exporter
 * headers, certificates and compression come from the process's environment only, as OpenTelemetry reads them.
 * @throws Failure for a setting that nobody understands.
 */
export async function startTracing(
  settings: TracingSettings = {},
  env: Environment = process.env,
  hooks: TracingHooks = {},
): Promise<Tracing> {
  const resolved = resolveTracing(settings, env)
  if (resolved.exporters.length === 0) {
    const done = async () => true
    return { tracer: undefined, settings: resolved, flush: done, shutdown: done }
  }
  const sdk = await import('@opentelemetry/sdk-trace-base')
  const { resourceFromAttributes } = await import('@opentelemetry/resources')
  const exporters = resolved.exporters.map(name =>
    watch(exporterFor(name, resolved, env, hooks), hooks.onError ?? (() => {})),
  )
  const { maxQueueSize, maxExportBatchSize } = resolved
  const processor = (exporter: SpanExporter): SpanProcessor =>
    resolved.processor === 'simple'
      ? new sdk.SimpleSpanProcessor(exporter)
      : new sdk.BatchSpanProcessor(exporter, { maxQueueSize, maxExportBatchSize })
  const resource = resourceFromAttributes({ ...resolved.resourceAttributes, 'service.name': resolved.serviceName })
  const sampler = rootSampler(sdk, resolved)
  const parentBased = resolved.sampler.startsWith('parentbased_')
  const processors = exporters.map(processor)
  if (resolved.registerGlobally) {
    // Other instrumentation has the SDK's tracers, and what it exports goes the same way.
    const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node')
    new NodeTracerProvider({
      resource,
      sampler: parentBased ? new sdk.ParentBasedSampler({ root: sampler }) : sampler,
      spanProcessors: processors,
    }).register()
  }
  const tracer = new LeanTracer('tollgate', {
    resource,
    sampler,
    parentBased,
    processors,
    limits: resolved.attributeLimits,
  })
  return new RunningTracing({ tracer, processors, exporters }, resolved)
}

interface Running {
  readonly tracer: SpanStarter
  readonly processors: readonly SpanProcessor[]
  readonly exporters: readonly Watched[]
}

class RunningTracing implements Tracing {
  readonly tracer: SpanStarter
  readonly settings: ResolvedTracing
  readonly #processors: readonly SpanProcessor[]
  readonly #exporters: readonly Watched[]

  constructor({ tracer, processors, exporters }: Running, settings: ResolvedTracing) {
    this.tracer = tracer
    this.settings = settings
    this.#processors = processors
    this.#exporters = exporters
  }

  flush(boundMs: Ms = BOUND_MS): Promise<boolean> {
    return this.#within(boundMs, () => this.#flushAll())
  }

  shutdown(boundMs: Ms = BOUND_MS): Promise<boolean> {
    return this.#within(boundMs, async () => {
      // The simple processor shuts its exporter down without waiting for exports under way.
      await this.#flushAll().finally(() => Promise.all(this.#processors.map(processor => processor.shutdown())))
    })
  }

  /** The batch processor does not wait for an export that its timer began; the exporter does. */
  async #flushAll(): Promise<void> {
    await Promise.all(this.#processors.map(processor => processor.forceFlush()))
    await Promise.all(this.#exporters.map(exporter => exporter.forceFlush()))
  }

  async #within(boundMs: Ms, action: () => Promise<void>): Promise<boolean> {
    const failedBefore = this.#failures()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>(resolve => {
      timer = setTimeout(() => resolve(false), boundMs)
    })
    const done = action().then(
      () => this.#failures() === failedBefore,
      () => false,
    )
    const result = await Promise.race([done, late])
    clearTimeout(timer)
    return result
  }

  #failures(): number {
    return this.#exporters.reduce((sum, exporter) => sum + exporter.failures, 0)
  }
}

/** An exporter whose failures are counted and told. */
interface Watched extends SpanExporter {
  readonly failures: number
  forceFlush(): Promise<void>
}

function watch(exporter: SpanExporter, onError: (error: unknown) => void): Watched {
  let failures = 0
  return {
    get failures() {
      return failures
    },
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, result => {
        if (result.code !== 0) {
          failures++
          onError(result.error ?? new Error(`${spans.length} spans were not exported`))
        }
        done(result)
      })
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

/** The queue holds 32 full batches, which a flush exports all at once; OpenTelemetry's own limit would refuse two. */
const CONCURRENT_EXPORTS = 256

function exporterFor(
  name: ExporterName,
  { protocol, endpoint, headers }: ResolvedTracing,
  env: Environment,
  { print = text => void process.stdout.write(text) }: TracingHooks,
): SpanExporter {
  if (name === 'console') return new ConsoleSpanTree(print, coloursFor(process.stdout, env))
  if (protocol === 'grpc')
    return new LateExporter(async () => {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc')
      return new OTLPTraceExporter({ url: endpoint, concurrencyLimit: CONCURRENT_EXPORTS })
    })
  return new LateExporter(async () => {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
    return new OTLPTraceExporter({ url: endpoint, headers: { ...headers }, concurrencyLimit: CONCURRENT_EXPORTS })
  })
}

type Sdk = typeof import('@opentelemetry/sdk-trace-base')

function rootSampler(sdk: Sdk, { sampler, samplerRatio }: ResolvedTracing): Sampler {
  if (sampler.endsWith('always_off')) return new sdk.AlwaysOffSampler()
  return sampler.endsWith('traceidratio') ? new sdk.TraceIdRatioBasedSampler(samplerRatio) : new sdk.AlwaysOnSampler()
}
