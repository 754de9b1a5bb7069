import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'

type ExportDone = Parameters<SpanExporter['export']>[1]

/** ExportResultCode.FAILED, without loading what defines it. */
const FAILED = 1

/**
 * An exporter that is loaded with the first spans that go out: loading OTLP takes 50 ms, which no start has to wait for. Spans
 * of an exporter that cannot be loaded count as not exported.
 */
export class LateExporter implements SpanExporter {
  readonly #load: () => Promise<SpanExporter>
  #loaded: Promise<SpanExporter> | undefined

  constructor(load: () => Promise<SpanExporter>) {
    this.#load = load
  }

  export(spans: ReadableSpan[], done: ExportDone): void {
    this.#loaded ??= this.#load()
    this.#loaded.then(
      exporter => exporter.export(spans, done),
      error => done({ code: FAILED, error }),
    )
  }

  async forceFlush(): Promise<void> {
    const exporter = await this.#loaded
    await exporter?.forceFlush?.()
  }

  async shutdown(): Promise<void> {
    const exporter = await this.#loaded
    await exporter?.shutdown()
  }
}
