import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import { ExportInPieces } from './export-in-pieces.ts'

type Done = Parameters<SpanExporter['export']>[1]

/** Answers when told to. */
class Collector implements SpanExporter {
  readonly pieces: number[][] = []
  readonly #waiting: Done[] = []

  export(spans: ReadableSpan[], done: Done): void {
    this.pieces.push(spans as unknown as number[])
    this.#waiting.push(done)
  }

  async shutdown(): Promise<void> {}

  answer(code = 0): void {
    this.#waiting.shift()?.({ code })
  }
}

const spans = Array.from({ length: 1_000 }, (_, number) => number) as unknown as ReadableSpan[]
const turn = () => new Promise(resolve => setImmediate(resolve))
const turns = async () => {
  for (let turned = 0; turned < 20; turned++) await turn()
}

test('a batch goes out in pieces, between which others have their turn, and few at once', async () => {
  const collector = new Collector()
  const results: number[] = []
  new ExportInPieces(collector).export(spans, ({ code }) => results.push(code))
  expect(collector.pieces.map(piece => piece.length)).toEqual([128])
  await turns()
  expect(collector.pieces).toHaveLength(4)
  for (let answered = 0; answered < 8; answered++) {
    expect(results).toEqual([])
    collector.answer()
    await turns()
  }
  expect(collector.pieces.flat()).toEqual(spans)
  expect(results).toEqual([0])
})

test('a batch of which a piece was refused has failed, and the others went out', async () => {
  const collector = new Collector()
  const results: number[] = []
  new ExportInPieces(collector).export(spans, ({ code }) => results.push(code))
  for (const code of [0, 1, 0, 0, 0, 0, 0, 0]) {
    await turns()
    collector.answer(code)
  }
  await turns()
  expect(collector.pieces.flat()).toHaveLength(1_000)
  expect(results).toEqual([1])
})

test('an exporter that throws has failed', async () => {
  const results: unknown[] = []
  const broken: SpanExporter = {
    export: () => {
      throw new Error('no')
    },
    shutdown: async () => {},
  }
  new ExportInPieces(broken).export(spans, result => results.push(result))
  await turns()
  expect(results).toEqual([{ code: 1, error: new Error('no') }])
})

test('a flush waits for the pieces that have not gone out yet', async () => {
  const collector = new Collector()
  const exporter = new ExportInPieces(collector)
  exporter.export(spans, () => {})
  let isFlushed = false
  const flushed = exporter.forceFlush().then(() => (isFlushed = true))
  for (let answered = 0; answered < 8; answered++) {
    await turns()
    expect(isFlushed).toBe(false)
    collector.answer()
  }
  await flushed
  expect(collector.pieces.flat()).toHaveLength(1_000)
})
