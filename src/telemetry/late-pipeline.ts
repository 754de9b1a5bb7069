import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

/** What finished spans go through on their way out. */
export interface Pipeline {
  /** Of all spans. */
  readonly resource: ReadableSpan['resource']
  onEnd(span: ReadableSpan): void
  /** Settles when all that waits has gone out, or was refused. */
  flush(): Promise<void>
  /** Flushes, and takes no more. */
  shutdown(): Promise<void>
}

export interface LatePipelineOptions {
  readonly load: () => Promise<Pipeline>
  /** So many spans wait until it is loaded; more are dropped, as a processor drops what its queue does not hold. */
  readonly limit: number
  /** Told why it could not be loaded. */
  readonly onError: (error: unknown) => void
}

/**
 * A pipeline that is loaded with the first span that ends: OpenTelemetry's SDK and its exporters take 0.1 s, for which no start has
 * to wait. Spans of one that cannot be loaded are dropped, and a flush rejects.
 */
export class LatePipeline implements Pipeline {
  readonly #options: LatePipelineOptions
  readonly #waiting: ReadableSpan[] = []
  #loading: Promise<Pipeline> | undefined
  #loaded: Pipeline | undefined
  #failed = false

  constructor(options: LatePipelineOptions) {
    this.#options = options
  }

  get resource(): ReadableSpan['resource'] {
    if (this.#loaded) return this.#loaded.resource
    throw new Error('a span was read before there was an exporter')
  }

  onEnd(span: ReadableSpan): void {
    if (this.#loaded) this.#loaded.onEnd(span)
    else if (!this.#failed) this.#keep(span)
  }

  /** Loads it now. @throws what its loading throws */
  load(): Promise<Pipeline> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  async flush(): Promise<void> {
    await (await this.#loading)?.flush()
  }

  async shutdown(): Promise<void> {
    await (await this.#loading)?.shutdown()
  }

  #keep(span: ReadableSpan): void {
    if (this.#waiting.length < this.#options.limit) this.#waiting.push(span)
    this.load().catch(() => {})
  }

  async #load(): Promise<Pipeline> {
    try {
      this.#loaded = await this.#options.load()
      for (const span of this.#waiting.splice(0)) this.#loaded.onEnd(span)
      return this.#loaded
    } catch (error) {
      this.#failed = true
      this.#waiting.length = 0
      this.#options.onError(error)
      throw error
    }
  }
}
