import { setImmediate as turn } from 'node:timers/promises'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'

/** Calls wait while spans are written: at most 4 ms for those of one piece, where a full batch of 2,048 took 40 (on a slow core). */
const PIECE_SPANS = 128
/** Of one batch, so that a collector that is far away gets as much as of whole batches. */
const PIECES_AT_ONCE = 4

type Done = Parameters<SpanExporter['export']>[1]
type Result = Parameters<Done>[0]

/** Exports a batch in pieces; between two of them calls have their turn. It has failed when one of its pieces has. */
export class ExportInPieces implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #underWay = new Set<Promise<void>>()

  constructor(exporter: SpanExporter) {
    this.#exporter = exporter
  }

  export(spans: ReadableSpan[], done: Done): void {
    const exported = this.#export(spans).then(done)
    this.#underWay.add(exported)
    exported.finally(() => this.#underWay.delete(exported))
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#underWay)
    await this.#exporter.forceFlush?.()
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.#underWay)
    await this.#exporter.shutdown()
  }

  async #export(spans: ReadableSpan[]): Promise<Result> {
    const sent: Promise<Result>[] = []
    for (let at = 0; at < spans.length; at += PIECE_SPANS) {
      if (at > 0) await turn()
      if (sent.length >= PIECES_AT_ONCE) await sent[sent.length - PIECES_AT_ONCE]
      sent.push(this.#send(spans.slice(at, at + PIECE_SPANS)))
    }
    const results = await Promise.all(sent)
    return results.find(({ code }) => code !== SUCCEEDED) ?? { code: SUCCEEDED }
  }

  #send(piece: ReadableSpan[]): Promise<Result> {
    const sent = new Promise<Result>(resolve => this.#exporter.export(piece, resolve))
    return sent.catch(error => ({ code: FAILED, error }))
  }
}

/** OpenTelemetry's `ExportResultCode`. */
const SUCCEEDED = 0
const FAILED = 1
