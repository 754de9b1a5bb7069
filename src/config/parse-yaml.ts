import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
} from 'yaml'
import type { Findings, Place } from './finding.ts'
import { isTree, type Places, type Tree, type Value } from './tree.ts'

/** More nodes than any configuration has, fewer than what a bomb of aliases wants. */
const MAX_NODES = 200_000
const MAX_DEPTH = 64

/** What a YAML text is read with. */
export interface YamlContext {
  /** Named in findings. */
  readonly file: string
  readonly findings: Findings
  readonly places: Places
}

/**
 * Reads YAML as PyYAML's safe loader does (YAML 1.1: `yes` is true, `010` is 8), except where that loses what was
 * written: dates stay strings, and a repeated key is reported. Gives undefined when there was an error.
 */
export function parseYaml(text: string, context: YamlContext): Value | undefined {
  const lines = new LineCounter()
  try {
    refuseDeepNesting(text)
    const document = parseDocument(text, {
      version: '1.1',
      lineCounter: lines,
      uniqueKeys: false,
      // Silent would drop a second document without a word.
      logLevel: 'error',
      merge: false,
      customTags: tags => tags.filter(tag => !TAGS_WITHOUT_USE.has(typeof tag === 'string' ? tag : tag.tag)),
    })
    for (const error of document.errors) {
      const { line, col } = lines.linePos(error.pos[0])
      const place = { file: context.file, line: line || 1, column: col || 1 }
      const message = error.code === 'MULTIPLE_DOCS' ? SECOND_DOCUMENT : firstLine(error.message)
      context.findings.error({ path: '', place }, message)
    }
    if (document.errors.length > 0) return undefined
    return new Reader(document, lines, context).read(document.contents, 0)
  } catch (error) {
    const reason = error instanceof TooMuch ? error.message : 'is not YAML that can be read'
    context.findings.error({ path: '', place: { file: context.file, line: 1, column: 1 } }, reason)
    return undefined
  }
}

const SECOND_DOCUMENT =
  'a second document begins here, which nobody would read: leave the --- out, or make it a file of its own'

/** Dates stay strings; the rest would give values that no JSON has. */
const TAGS_WITHOUT_USE: ReadonlySet<string> = new Set([
  'timestamp',
  'binary',
  'omap',
  'pairs',
  'set',
  'merge',
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:binary',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:merge',
])

/** The composer of the yaml package is recursive, its parser is not: so ask the parser how deep it will go. */
function refuseDeepNesting(text: string): void {
  let level: unknown[] = [...new Parser().parse(text)]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > 4 * MAX_DEPTH) throw new TooMuch(`is nested deeper than ${MAX_DEPTH} levels`)
    level = level.flatMap(membersOf)
  }
}

function membersOf(token: unknown): unknown[] {
  if (typeof token !== 'object' || token === null) return []
  const { items, value, key } = token as { items?: unknown; value?: unknown; key?: unknown }
  return [...(Array.isArray(items) ? items : []), value, key].filter(one => typeof one === 'object' && one !== null)
}

class TooMuch extends Error {}

type MaybeNode = Node | null | undefined

/** Turns the nodes of a document into plain data and remembers where each key stood. */
class Reader {
  readonly #document: Document.Parsed
  readonly #lines: LineCounter
  readonly #context: YamlContext
  #nodes = 0

  constructor(document: Document.Parsed, lines: LineCounter, context: YamlContext) {
    this.#document = document
    this.#lines = lines
    this.#context = context
  }

  read(node: MaybeNode, depth: number): Value {
    if (++this.#nodes > MAX_NODES) throw new TooMuch('aliases expand to more than any configuration needs')
    if (depth > MAX_DEPTH) throw new TooMuch(`is nested deeper than ${MAX_DEPTH} levels`)
    if (isAlias(node)) return this.read(node.resolve(this.#document), depth + 1)
    if (isMap(node)) return this.#map(node.items, depth)
    if (isSeq(node)) return this.#list(node.items, depth)
    return isScalar(node) ? scalar(node.value, node.source) : null
  }

  #list(items: readonly unknown[], depth: number): Value[] {
    const list: Value[] = []
    for (const item of items) {
      this.#context.places.set(list, list.length, this.#place(item as MaybeNode))
      list.push(isPair(item) ? this.#map([item], depth + 1) : this.read(item as MaybeNode, depth + 1))
    }
    return list
  }

  #map(items: readonly unknown[], depth: number): Tree {
    const tree: Tree = {}
    const merged: MaybeNode[] = []
    for (const item of items) {
      if (!isPair(item)) continue
      const key = item.key as MaybeNode
      if (isScalar(key) && key.value === '<<') merged.push(item.value as MaybeNode)
      else this.#entry(tree, key, { value: item.value as MaybeNode, depth })
    }
    for (const node of merged) this.#merge(tree, node, depth)
    return tree
  }

  #entry(tree: Tree, key: MaybeNode, { value, depth }: { value: MaybeNode; depth: number }): void {
    const place = this.#place(key)
    const name = isScalar(key) ? String(key.source ?? key.value ?? '') : undefined
    if (name === undefined || name === '__proto__') {
      this.#context.findings.report({ path: name ?? '', place }, 'is not a permitted key')
      return
    }
    if (Object.hasOwn(tree, name)) {
      this.#context.findings.report({ path: name, place }, 'repeated key: the last value counts')
    }
    tree[name] = this.read(value, depth + 1)
    this.#context.places.set(tree, name, place)
  }

  /** `<<: *defaults`: what is written in the map itself wins. */
  #merge(tree: Tree, node: MaybeNode, depth: number): void {
    const value = this.read(node, depth + 1)
    for (const source of Array.isArray(value) ? value : [value]) {
      if (!isTree(source)) continue
      for (const [key, member] of Object.entries(source)) {
        if (Object.hasOwn(tree, key)) continue
        tree[key] = member
        this.#context.places.set(tree, key, this.#context.places.of(source, key) ?? this.#place(node))
      }
    }
  }

  #place(node: MaybeNode): Place {
    const offset = node?.range?.[0] ?? 0
    const { line, col } = this.#lines.linePos(offset)
    return { file: this.#context.file, line: line || 1, column: col || 1 }
  }
}

function scalar(value: unknown, source: string | undefined): Value {
  if (typeof value === 'string' || value === null) return value
  // The YAML 1.1 specification knows `y` and `n`; PyYAML does not.
  if (typeof value === 'boolean') return source !== undefined && /^[yn]$/i.test(source) ? source : value
  if (typeof value === 'number') return Number.isFinite(value) ? value : (source ?? null)
  return typeof value === 'bigint' ? Number(value) : (source ?? null)
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '')
}
