import type { Tracer } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'

/** A tracer whose finished spans stay in memory. */
export function memoryTracer(): { readonly tracer: Tracer; readonly spans: () => Promise<readonly ReadableSpan[]> } {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const spans = async () => {
    await provider.forceFlush()
    return exporter.getFinishedSpans()
  }
  return { tracer: provider.getTracer('test'), spans }
}
