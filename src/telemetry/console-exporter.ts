import { stripVTControlCharacters } from 'node:util'
import type { Attributes, AttributeValue, HrTime } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { type Colours, NO_COLOURS, printable } from './colours.ts'
import { readableMs } from './request-line.ts'

/** Traces whose root has not ended are kept at most so many; the oldest is then printed as it is. */
const MAX_OPEN_TRACES = 1000

/** SpanStatusCode.ERROR, without loading what defines it. */
const ERROR = 2

/** Prints each trace as an indented tree when its root ends. */
export class ConsoleSpanTree implements SpanExporter {
  readonly #print: (text: string) => void
  readonly #colours: Colours
  readonly #open = new Map<string, ReadableSpan[]>()

  constructor(print: (text: string) => void, colours: Colours = NO_COLOURS) {
    this.#print = print
    this.#colours = colours
  }

  export(spans: ReadableSpan[], done: (result: { code: number }) => void): void {
    for (const span of spans) this.#add(span)
    done({ code: 0 })
  }

  /** Prints also those whose root is elsewhere, or not ended. */
  async forceFlush(): Promise<void> {
    for (const id of [...this.#open.keys()]) this.#printTrace(id)
  }

  shutdown(): Promise<void> {
    return this.forceFlush()
  }

  #add(span: ReadableSpan): void {
    const { traceId } = span.spanContext()
    const spans = this.#open.get(traceId) ?? []
    spans.push(span)
    this.#open.set(traceId, spans)
    if (isRoot(span)) this.#printTrace(traceId)
    else if (this.#open.size > MAX_OPEN_TRACES) this.#printTrace(this.#open.keys().next().value ?? traceId)
  }

  #printTrace(traceId: string): void {
    const spans = this.#open.get(traceId)
    this.#open.delete(traceId)
    if (spans) this.#print(`${traceTree(spans, this.#colours)}\n`)
  }
}

function isRoot({ parentSpanContext }: ReadableSpan): boolean {
  return parentSpanContext === undefined || parentSpanContext.isRemote === true
}

/** The spans of one trace as an indented tree, the earliest first. */
export function traceTree(spans: readonly ReadableSpan[], colours: Colours): string {
  const known = new Set(spans.map(span => span.spanContext().spanId))
  const sorted = [...spans].sort((a, b) => milliseconds(a.startTime) - milliseconds(b.startTime))
  const roots = sorted.filter(span => !known.has(span.parentSpanContext?.spanId ?? ''))
  const [first] = spans
  const title = colours.dim(`trace ${first?.spanContext().traceId ?? ''}`)
  return [title, ...roots.flatMap(root => branch(root, sorted, colours))].join('\n')
}

function branch(span: ReadableSpan, all: readonly ReadableSpan[], colours: Colours): string[] {
  const { spanId } = span.spanContext()
  const children = all.filter(each => each.parentSpanContext?.spanId === spanId)
  const lines = [headline(span, colours), ...attributeLines(span.attributes, colours).map(line => `    ${line}`)]
  for (const child of children) lines.push(...branch(child, all, colours).map(line => `  ${line}`))
  return lines
}

function headline(span: ReadableSpan, colours: Colours): string {
  const failed = span.status.code === ERROR
  const name = failed ? colours.red(span.name) : colours.bold(span.name)
  const message = failed && span.status.message ? `  ${colours.red(printable(span.status.message))}` : ''
  return `${failed ? colours.red('✗') : colours.green('●')} ${name}  ${colours.cyan(readableMs(milliseconds(span.duration)))}${message}`
}

/** So long may a line of attributes be, its indent apart. */
const WIDTH = 110

/** A paragraph for each family of names: `llm`, `gen_ai`, `tollgate`, `server`, ... */
function attributeLines(attributes: Attributes, colours: Colours): string[] {
  const families = new Map<string, string[]>()
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue
    const family = name.slice(0, name.indexOf('.') + 1)
    const shown = `${colours.dim(`${name.slice(family.length)}=`)}${printable(textOf(value))}`
    families.set(family, [...(families.get(family) ?? []), shown])
  }
  const width = Math.max(0, ...[...families.keys()].map(family => family.length))
  return [...families].flatMap(([family, shown]) =>
    wrap(shown).map((line, index) => `${colours.dim((index === 0 ? family : '').padEnd(width))} ${line}`),
  )
}

/** Joins until a line is full. */
function wrap(words: readonly string[]): string[] {
  const lines: string[] = []
  let length = WIDTH
  for (const word of words) {
    const wordLength = stripVTControlCharacters(word).length
    const last = lines.length - 1
    if (length + 2 + wordLength > WIDTH) {
      lines.push(word)
      length = wordLength
    } else {
      lines[last] = `${lines[last]}  ${word}`
      length += 2 + wordLength
    }
  }
  return lines
}

/** Numbers as decimals: a cost of 1.2e-7 dollars is hard to read. */
function textOf(value: AttributeValue): string {
  if (typeof value === 'string') return /[\s=]/.test(value) && !/^[[{]/.test(value) ? `"${value}"` : value
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3) return value.toFixed(12).replace(/0+$/, '')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function milliseconds([seconds, nanos]: HrTime): number {
  return seconds * 1000 + nanos / 1_000_000
}
