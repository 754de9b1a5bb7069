import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import * as sdk from '@opentelemetry/sdk-trace-base'
import { coloursFor } from './colours.ts'
import { ConsoleSpanTree } from './console-exporter.ts'
import { ExportInPieces } from './export-in-pieces.ts'
import type { Pipeline } from './late-pipeline.ts'
import { isParentBased } from './sampling.ts'
import type { Environment, ExporterName, ResolvedTracing, SamplerName } from './tracing-settings.ts'

/** The queue holds 32 full batches, which a flush exports all at once, four pieces of each; OpenTelemetry's own limit would refuse two. */
const CONCURRENT_EXPORTS = 256

export interface PipelineHooks {
  readonly env: Environment
  /** Told of every export that failed: OpenTelemetry itself is silent about them. */
  readonly onError: (error: unknown) => void
  /** Where the console exporter prints. */
  readonly print: (text: string) => void
}

/** OpenTelemetry's own processors and exporters. */
export async function openPipeline(resolved: ResolvedTracing, hooks: PipelineHooks): Promise<Pipeline> {
  const exporters = await Promise.all(resolved.exporters.map(name => exporterFor(name, resolved, hooks)))
  const watched = exporters.map(exporter => watch(exporter, hooks.onError))
  const processors = watched.map(exporter => processorOf(exporter, resolved))
  const resource = resourceFromAttributes({ ...resolved.resourceAttributes, 'service.name': resolved.serviceName })
  if (resolved.registerGlobally) await register(resolved, { resource, processors })
  return new SdkPipeline({ resource, processors, exporters: watched })
}

interface SdkParts {
  readonly resource: Resource
  readonly processors: readonly sdk.SpanProcessor[]
  readonly exporters: readonly Watched[]
}

class SdkPipeline implements Pipeline {
  readonly resource: Resource
  readonly #processors: readonly sdk.SpanProcessor[]
  readonly #exporters: readonly Watched[]

  constructor({ resource, processors, exporters }: SdkParts) {
    this.resource = resource
    this.#processors = processors
    this.#exporters = exporters
  }

  onEnd(span: sdk.ReadableSpan): void {
    for (const processor of this.#processors) processor.onEnd(span)
  }

  /** The batch processor does not wait for an export that its timer began; the exporter does. */
  async flush(): Promise<void> {
    const before = this.#failures()
    await Promise.all(this.#processors.map(processor => processor.forceFlush()))
    await Promise.all(this.#exporters.map(exporter => exporter.forceFlush()))
    if (this.#failures() > before) throw new Error('spans were not exported')
  }

  async shutdown(): Promise<void> {
    // The simple processor shuts its exporter down without waiting for exports under way.
    await this.flush().finally(() => Promise.all(this.#processors.map(processor => processor.shutdown())))
  }

  #failures(): number {
    return this.#exporters.reduce((sum, exporter) => sum + exporter.failures, 0)
  }
}

/** An exporter whose failures are counted and told. */
interface Watched extends sdk.SpanExporter {
  readonly failures: number
  forceFlush(): Promise<void>
}

function watch(exporter: sdk.SpanExporter, onError: (error: unknown) => void): Watched {
  let failures = 0
  return {
    get failures() {
      return failures
    },
    export(spans: sdk.ReadableSpan[], done) {
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

async function exporterFor(
  name: ExporterName,
  { protocol, endpoint, headers }: ResolvedTracing,
  { env, print }: PipelineHooks,
): Promise<sdk.SpanExporter> {
  if (name === 'console') return new ConsoleSpanTree(print, coloursFor(process.stdout, env))
  if (protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc')
    const metadata = metadataOf(headers) as GrpcMetadata
    return new ExportInPieces(new OTLPTraceExporter({ url: endpoint, metadata, concurrencyLimit: CONCURRENT_EXPORTS }))
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  const options = { url: endpoint, headers: { ...headers }, concurrencyLimit: CONCURRENT_EXPORTS }
  return new ExportInPieces(new OTLPTraceExporter(options))
}

type GrpcMetadata = NonNullable<NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>['metadata']>

/**
 * Headers as the gRPC exporter takes them. It copies them into metadata of its own, for which it asks these two methods; the
 * class itself is in a package of its dependencies that is none of ours.
 */
function metadataOf(headers: Readonly<Record<string, string>>): Pick<GrpcMetadata, 'clone' | 'getMap'> {
  const metadata = { getMap: () => ({ ...headers }), clone: () => metadata as GrpcMetadata }
  return metadata
}

function processorOf(
  exporter: sdk.SpanExporter,
  { processor, maxQueueSize, maxExportBatchSize }: ResolvedTracing,
): sdk.SpanProcessor {
  if (processor === 'simple') return new sdk.SimpleSpanProcessor(exporter)
  return new sdk.BatchSpanProcessor(exporter, { maxQueueSize, maxExportBatchSize })
}

/** Other instrumentation has the SDK's tracers, and what it exports goes the same way. */
async function register(
  { sampler, samplerRatio }: ResolvedTracing,
  { resource, processors }: Pick<SdkParts, 'resource' | 'processors'>,
): Promise<void> {
  const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node')
  const root = rootSampler(sampler, samplerRatio)
  new NodeTracerProvider({
    resource,
    sampler: isParentBased(sampler) ? new sdk.ParentBasedSampler({ root }) : root,
    spanProcessors: [...processors],
  }).register()
}

function rootSampler(sampler: SamplerName, ratio: number): sdk.Sampler {
  if (sampler.endsWith('always_off')) return new sdk.AlwaysOffSampler()
  return sampler.endsWith('traceidratio') ? new sdk.TraceIdRatioBasedSampler(ratio) : new sdk.AlwaysOnSampler()
}
